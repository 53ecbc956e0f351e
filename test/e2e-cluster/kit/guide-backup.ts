// What the guide's backup must bring back, proven beside its own blocks: someone with a key and a saved value, restored into a database that was emptied.
import { createHmac, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import type { Person } from './hub.ts'
import { addPerson, open, request, setVariables, waitForTools } from './hub.ts'
import { apply, inHub, inSandboxes, list, stopAll } from './kube.ts'
import { personalServer } from './servers.ts'
import { HUB } from '../settings.ts'

const SERVER = 'in-backup'
const RING = 'mcphub-keyring'
const SECRET = `saved-${randomBytes(8).toString('hex')}`
let person: Person

/** A catalogue that is backed up has something in it, and so has the database. */
async function fillHub(): Promise<void> {
  await apply(personalServer(SERVER))
  person = await addPerson('in-backup')
  await setVariables(person, { USER_STORY_SECRET: SECRET })
  await waitForTools(person, SERVER)
}

const sql = (database: string, ...statements: string[]): Promise<string> =>
  inHub(
    'exec',
    'mcphub-database-0',
    '--',
    'psql',
    '-U',
    'mcphub',
    '-d',
    database,
    '-At',
    ...statements.flatMap((one) => ['-c', one]),
  )

/** The gateways are gone: what is not in the backup is lost. */
async function loseAll(): Promise<void> {
  await sql('postgres', 'DROP DATABASE mcphub WITH (FORCE)', 'CREATE DATABASE mcphub')
  const tables = await sql(
    'mcphub',
    "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
  )
  expect(tables.trim()).toBe('0')
}

const putRing = (ring: string): Promise<string> =>
  inHub('patch', 'secret', RING, '--type=merge', '-p', JSON.stringify({ data: { 'keyring.json': ring } }))

/** Restored, but with a ring that somebody made anew. */
async function startWithAnotherRing(): Promise<void> {
  const right = await inHub('get', 'secret', RING, '-o', 'jsonpath={.data.keyring\\.json}')
  const other = [{ id: 'another', key: randomBytes(32).toString('base64') }]
  await putRing(Buffer.from(JSON.stringify(other)).toString('base64'))
  await inHub('scale', 'deploy/mcphub-gateway', '--replicas=1')
  try {
    await waitUntil('the gateway says why it does not start', async () => {
      const [pod] = await list(HUB, 'pods', 'app.kubernetes.io/component=gateway')
      const name = pod?.metadata.name ?? ''
      const logs = await Promise.all([inHub('logs', name), inHub('logs', name, '--previous').catch(() => '')])
      return logs.join('').includes('The key ring does not belong to this database')
    })
  } finally {
    await inHub('scale', 'deploy/mcphub-gateway', '--replicas=0')
    await inHub('wait', '--for=delete', 'pod', '-l', 'app.kubernetes.io/component=gateway', '--timeout=60s')
    await putRing(right)
  }
}

async function loseCatalogue(): Promise<void> {
  await inSandboxes('delete', 'mcpserver', SERVER)
}

async function expectAllBack(): Promise<void> {
  await inSandboxes('get', 'mcpserver', SERVER)
  await expect(request('GET', '/api/user/me', undefined, person.key)).resolves.toMatchObject({
    username: person.username,
  })
  // no pod that still has it from before
  await stopAll(SERVER)
  await waitForTools(person, SERVER)
  const session = await open(person, SERVER)
  expect(await session.call('nonce', { challenge: 'x' })).toBe(createHmac('sha256', SECRET).update('x').digest('hex'))
  await session.close()
}

interface Proof {
  readonly title: string
  /** the block it stands beside */
  readonly block: RegExp
  readonly when: 'before' | 'after'
  readonly prove: () => Promise<void>
}

export const BACKUP_PROOFS: readonly Proof[] = [
  {
    title: 'somebody has a key and a saved value before the backup',
    block: /pg_dump/,
    when: 'before',
    prove: fillHub,
  },
  { title: 'then all is lost: the database is empty', block: /pg_restore/, when: 'before', prove: loseAll },
  {
    title: 'DAT-3: restored, but with another key ring, no gateway starts, and it says why',
    block: /pg_restore/,
    when: 'after',
    prove: startWithAnotherRing,
  },
  {
    title: 'the catalogue is lost, too',
    block: /apply .*catalogue\.json/,
    when: 'before',
    prove: loseCatalogue,
  },
  {
    title: 'the person, the key, the saved value and the server are back',
    block: /apply .*catalogue\.json/,
    when: 'after',
    prove: expectAllBack,
  },
]
