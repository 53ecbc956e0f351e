// The sample manifests are real: no fault, the versions that are installed here, one executable each, isolated as their comments say.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildToolPolicy } from '../gateway/src/access/tool-policy.ts'
import type { CatalogServer, CatalogSnapshot } from '../gateway/src/catalog/catalog.ts'
import { createManifestCatalog } from '../gateway/src/catalog/manifests/manifest-catalog.ts'

const root = join(import.meta.dirname, '..')
let scratch: string
let samples: CatalogSnapshot

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'mcphub-samples-'))
  const catalog = createManifestCatalog({
    folder: join(root, 'catalog'),
    log: { info: () => {}, warn: () => {} },
    lastGoodFile: join(scratch, 'last-good.json'),
  })
  await catalog.start()
  samples = catalog.snapshot()
  await catalog.stop()
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const server = (name: string): CatalogServer => {
  const found = samples.servers.get(name)
  if (!found) throw new Error(`no sample "${name}"`)
  return found
}

test('R3-2a: every sample is read without a fault', async () => {
  expect(samples.faults).toEqual([])
  expect([...samples.servers.keys()]).toEqual(['everything', 'filesystem', 'github', 'memory', 'sequential-thinking'])
  expect([...samples.groups.keys()]).toEqual(['engineering'])
  const files = (await readdir(join(root, 'catalog'))).filter((name) => name.endsWith('.yaml'))
  expect(files).toHaveLength(samples.servers.size + samples.groups.size)
})

test('R3-9c: each sample is isolated as its comments say, with the reason', () => {
  const modes = [...samples.servers.values()].map(({ name, isolation, spec }) => [
    name,
    isolation.mode,
    spec.stdio?.sessions,
  ])
  expect(modes).toEqual([
    ['everything', 'Shared', 'Shared'],
    ['filesystem', 'PerUser', 'Shared'],
    ['github', 'Shared', undefined],
    ['memory', 'PerUser', 'Shared'],
    ['sequential-thinking', 'PerUser', 'Isolated'],
  ])
})

test('SES-8: no sample has a tool that fetches what it is told to from where the hub runs, or keeps it for others to read', () => {
  // of the servers here only server-everything has one
  const person = { server: server('everything'), everyone: true, groups: [] }
  const { check } = buildToolPolicy(person, [])
  expect(check('gzip-file-as-resource')).toBe('the manifest of the server denies this tool')
  expect(check('echo')).toBeNull()
})

test('SEC-7: only GitHub is given the token of GitHub', () => {
  for (const { name, userVariables, orgVariables } of samples.servers.values()) {
    expect(userVariables.map((variable) => variable.name)).toEqual(name === 'github' ? ['USER_GITHUB_TOKEN'] : [])
    expect(orgVariables).toEqual([])
  }
  const pattern = new RegExp(server('github').userVariables[0]!.pattern!, 'u')
  expect(pattern.test(`ghp_${'a'.repeat(36)}`)).toBe(true)
  expect(pattern.test(`github_pat_${'A'.repeat(22)}_${'b'.repeat(59)}`)).toBe(true)
  expect(pattern.test('hunter2')).toBe(false)
})

describe('R3-2d: packages', () => {
  test.each(['everything', 'filesystem', 'memory', 'sequential-thinking'])(
    'R3-2d: %s: the installed version, with one executable',
    async (name) => {
      const wanted = server(name).spec.stdio?.package?.npm
      const manifest = JSON.parse(await readFile(join(root, 'node_modules', wanted!.name, 'package.json'), 'utf8')) as {
        version: string
        bin: Record<string, string>
      }
      expect(manifest.version).toBe(wanted!.version)
      expect(Object.keys(manifest.bin)).toHaveLength(1)
    },
  )
})
