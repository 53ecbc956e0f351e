import { doctorResponse } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import type { DatabaseFacts, DoctorFacts, FileFacts } from './facts.ts'
import { DOCTOR_CHECKS, runChecks } from './run-checks.ts'

const MiB = 1024 * 1024
const file = (path: string, mode: number, more: Partial<FileFacts> = {}): FileFacts => {
  return { path, mode, isOwn: true, isWritable: true, ...more }
}

const database: DatabaseFacts = {
  version: '18.4',
  pendingMigrations: [],
  unknownMigrations: 0,
  clockSkewMs: 3,
  roundTripMs: 1,
  activeAdmins: 1,
  sealingKeyIds: ['k1'],
}

const healthy: DoctorFacts = {
  mode: 'local',
  nodeVersion: 'v26.10.0',
  database,
  keyRing: { file: file('/data/keyring.json', 0o600), keyIds: ['k2', 'k1'] },
  dataFolder: file('/data', 0o711),
  disk: { freeBytes: 9000 * MiB, totalBytes: 20_000 * MiB },
  catalog: { servers: 3, faults: [] },
  packages: [{ server: 'files', state: { state: 'Ready', command: [], folder: '/x' } }],
  separation: {
    kind: 'Uid',
    message: 'each person’s servers run in pods of their own, away from each other and from the hub',
  },
  listening: { hosts: ['127.0.0.1', '::1'], wanted: ['127.0.0.1', '::1'], port: 3000 },
  demoKeyActive: false,
  doors: { publicUrl: 'https://mcp.example', console: { isBuilt: true }, providers: [] },
  sandboxFaults: [],
  upstreamFaults: [],
  audit: { lost: 0, queued: 2 },
  eventLoopDelayP99Ms: 4,
  openFiles: { used: 60, limit: 65_536 },
  npmrc: null,
  memory: { rssBytes: 90 * MiB, availableBytes: 4000 * MiB },
}

const { doors } = healthy
const withDatabase = (change: Partial<DatabaseFacts>) => ({ database: { ...database, ...change } })
const faulty = (state: DoctorFacts['packages'][number]['state']) => ({ packages: [{ server: 'files', state }] })

const UNSEPARATED =
  "separated by process only: servers of all users run under one uid and could read each other's values (it needs Linux and util-linux)"

/** What provokes each check, and a word its message must hold. */
const PROVOKED: readonly (readonly [check: string, change: Partial<DoctorFacts>, message: string])[] = [
  ['node-version', { nodeVersion: 'v24.21.0' }, 'v24.21.0'],
  ['node-version', { nodeVersion: 'v26.3.1' }, 'v26.3.1'],
  ['database-reachable', { database: null }, 'does not answer'],
  ['database-reachable', withDatabase({ version: '14.9' }), '14.9'],
  ['database-fast', withDatabase({ roundTripMs: 900 }), '900 ms'],
  ['database-migrated', withDatabase({ pendingMigrations: ['Identity1'] }), 'Identity1'],
  ['database-migrated', withDatabase({ unknownMigrations: 1 }), 'newer version'],
  ['clock', withDatabase({ clockSkewMs: -9000 }), '9 s'],
  ['key-ring-private', { keyRing: { file: null, keyIds: ['k1'] } }, 'cannot be read'],
  ['key-ring-private', { keyRing: { file: file('/k', 0o644), keyIds: ['k1'] } }, '0644'],
  ['key-ring-private', { keyRing: { file: file('/k', 0o600, { isOwn: false }), keyIds: ['k1'] } }, 'another account'],
  ['key-ring-matches', { keyRing: { file: file('/k', 0o600), keyIds: ['other'] } }, 'k1'],
  ['data-folder', { dataFolder: null }, 'cannot be read'],
  ['data-folder', { dataFolder: file('/data', 0o755) }, '0755'],
  ['data-folder', { dataFolder: file('/data', 0o700, { isWritable: false }) }, 'cannot be written'],
  ['disk-space', { disk: { freeBytes: 20 * MiB, totalBytes: 9000 * MiB } }, '20 MiB'],
  ['memory', { memory: { rssBytes: MiB, availableBytes: 30 * MiB } }, '30 MiB'],
  ['open-files', { openFiles: { used: 60, limit: 1024 } }, '1024'],
  ['open-files', { openFiles: { used: 60_000, limit: 65_536 } }, '60000'],
  ['event-loop', { eventLoopDelayP99Ms: 431 }, '431 ms'],
  ['audit-complete', { audit: { lost: 7, queued: 0 } }, '7 were lost'],
  ['audit-complete', { audit: { lost: 0, queued: 9000 } }, '9000 wait'],
  [
    'catalog',
    { catalog: { servers: 1, faults: [{ file: 'a.yaml', line: 7, resource: null, message: 'unknown field' }] } },
    'a.yaml:7',
  ],
  ['packages', faulty({ state: 'Failed', message: 'no such version', retryAt: null }), 'no such version'],
  ['packages', faulty({ state: 'Installing', message: '3 of 9' }), 'files'],
  ['npm-registry', { npmrc: { path: '/etc/npmrc', file: null } }, 'cannot be read'],
  ['npm-registry', { npmrc: { path: '/etc/npmrc', file: file('/etc/npmrc', 0o644) } }, 'token'],
  ['separation', { separation: { kind: 'ProcessOnly', message: UNSEPARATED } }, 'by process only'],
  ['sandboxes', { sandboxFaults: [{ server: 'files', message: 'its process exited with code 1' }] }, 'code 1'],
  [
    'sandboxes',
    { upstreamFaults: [{ server: 'wiki', at: 'x', message: 'Server "wiki" cannot be reached (EPIPE)' }] },
    'wiki',
  ],
  ['listening', { listening: { hosts: ['127.0.0.1'], wanted: ['127.0.0.1', '::1'], port: 3000 } }, '::1'],
  ['administrator', withDatabase({ activeAdmins: 0 }), 'No active administrator'],
  ['demo-key', { demoKeyActive: true }, 'demo'],
  ['console-public-url', { doors: { ...doors, publicUrl: 'http://mcp.example' } }, 'is no https'],
  [
    'console-public-url',
    { doors: { ...doors, publicUrl: null }, listening: { hosts: ['0.0.0.0'], wanted: ['0.0.0.0'], port: 3000 } },
    'does not know its address',
  ],
  ['console-built', { doors: { ...doors, console: { isBuilt: false } } }, 'not built'],
]

describe('doctor', () => {
  test('a healthy hub passes every check, and the answer is what the contract promises', () => {
    const items = runChecks(healthy)
    expect(items.filter((item) => !item.ok)).toEqual([])
    expect(items.length).toBeGreaterThanOrEqual(12)
    expect(doctorResponse.parse({ items }).items).toEqual(items)
    expect(items.every((item) => item.message !== '' && item.fix === null)).toBe(true)
    // a version or a path is no sentence
    expect(items.filter(({ said, message }) => said.length === 0 && message.includes(' '))).toEqual([])
  })

  test('check ids are kebab-case and unique', () => {
    const ids = DOCTOR_CHECKS.map((check) => check.id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/)
  })

  test.each(PROVOKED)('%s is found, alone, with a fix (%#)', (check, change, message) => {
    const found = runChecks({ ...healthy, ...change }).filter((item) => !item.ok)
    expect(found.map((item) => item.id)).toEqual([check])
    expect(found[0]?.message).toContain(message)
    expect(found[0]?.fix).toMatch(/\w{3,}/)
    expect(found[0]?.said).not.toEqual([])
    expect(found[0]?.fixSaid).not.toEqual([])
  })

  test('a hub on one machine needs no address, one without a console no pages', () => {
    for (const change of [
      { publicUrl: null },
      { publicUrl: 'http://localhost:3000' },
      { publicUrl: null, console: null },
    ])
      expect(runChecks({ ...healthy, doors: { ...doors, ...change } }).filter((item) => !item.ok)).toEqual([])
  })

  test('each provider has a check of its own', () => {
    const providers = [
      { id: 'github', label: 'GitHub', fault: null },
      { id: 'sso', label: 'Acme', fault: 'it refuses client id and secret' },
    ]
    const items = runChecks({ ...healthy, doors: { ...doors, providers } }).slice(-2)
    expect(doctorResponse.parse({ items }).items).toMatchObject([
      { id: 'login-provider-github', ok: true, fix: null },
      { id: 'login-provider-sso', ok: false, severity: 'error', message: 'it refuses client id and secret' },
    ])
  })

  test('every check is provoked by one of these', () => {
    expect(new Set(PROVOKED.map(([check]) => check))).toEqual(new Set(DOCTOR_CHECKS.map((check) => check.id)))
  })

  test('facts this host does not have are no fault', () => {
    const found = runChecks({ ...healthy, disk: null, openFiles: null }).filter((item) => !item.ok)
    expect(found).toEqual([])
  })
})

test('in a cluster: no check of what only one machine has; the ring is a mounted Secret', () => {
  const ring = { keyRing: { file: file('/keys/ring.json', 0o440, { isOwn: false }), keyIds: ['k1'] } }
  const facts: DoctorFacts = { ...healthy, mode: 'kubernetes', dataFolder: null, demoKeyActive: true, ...ring }
  const found = runChecks(facts)
  expect(found.filter(({ ok }) => !ok)).toEqual([])
  expect(found.map(({ id }) => id)).not.toEqual(expect.arrayContaining(['data-folder']))
  expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(['key-ring-private', 'separation']))
  const open = runChecks({ ...facts, keyRing: { file: file('/keys/ring.json', 0o444), keyIds: ['k1'] } })
  expect(open.filter(({ ok }) => !ok).map(({ id }) => id)).toEqual(['key-ring-private'])
  const empty = runChecks({ ...facts, ...withDatabase({ activeAdmins: 0 }) })
  expect(empty.find(({ id }) => id === 'administrator')!.fix).toContain('setup-link')
})
