// The catalogue over custom resources, against an API server that can be told to misbehave: what `kubectl` does to it, and what a cluster does.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { KubeClient, KubeHttp, fixedCredentials, type KubeObject } from '@mcphub/kube'
import { FakeApiServer, type FakeCall } from '@mcphub/kube/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Catalog, CatalogSnapshot } from '../catalog.ts'
import { createManifestCatalog } from '../manifests/manifest-catalog.ts'
import { CATALOG_KINDS } from './kept-resource.ts'
import { createResourceCatalog, type ResourceCatalog, type ResourceCatalogDeps } from './resource-catalog.ts'

const NAMESPACE = 'boxes'
const FAST = { firstBackOffMs: 5, mostBackOffMs: 20, shortWatchMs: 10 }

let server: FakeApiServer
let http: KubeHttp
let client: KubeClient
const warned: string[] = []
const log = {
  info: () => undefined,
  warn: (fields: object, message: string) => void warned.push(`${message} ${JSON.stringify(fields)}`),
}
const started: Catalog[] = []

beforeEach(async () => {
  server = await FakeApiServer.start({ bookmarkMs: 20 })
  http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'test', silenceMs: 150, retries: 0 })
  client = new KubeClient(http)
})
afterEach(async () => {
  for (const catalog of started.splice(0)) await catalog.stop()
  await http.destroy()
  await server.stop()
  warned.length = 0
})

async function start(options: Partial<ResourceCatalogDeps> = {}): Promise<ResourceCatalog> {
  const catalog = createResourceCatalog({ client, namespace: NAMESPACE, log, timing: FAST, ...options })
  started.push(catalog)
  await catalog.start()
  return catalog
}

const remote = (name: string, spec: object = {}, metadata: object = {}): KubeObject => ({
  metadata: { name, namespace: NAMESPACE, ...metadata },
  spec: { type: 'Remote', remote: { url: `https://${name}.example.test/mcp` }, ...spec },
})
const addServer = (object: KubeObject) => client.create(CATALOG_KINDS.McpServer, object)
const addGroup = (name: string, spec: object) =>
  client.create(CATALOG_KINDS.UserGroup, { metadata: { name, namespace: NAMESPACE }, spec })
const change = (name: string, body: object) =>
  client.patch(CATALOG_KINDS.McpServer, { namespace: NAMESPACE, name }, { type: 'merge', body })
const remove = (name: string) => client.delete(CATALOG_KINDS.McpServer, { namespace: NAMESPACE, name })

const names = (catalog: Catalog): string[] => [...catalog.snapshot().servers.keys()]
const serverOf = (catalog: Catalog, name: string) => catalog.snapshot().servers.get(name)
const faults = (catalog: Catalog): string[] =>
  catalog.snapshot().faults.map(({ file, line, message }) => `${file} ${line}: ${message}`)
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5000, interval: 10 })

describe('what serves', () => {
  test('servers and groups of its namespace, derived as a manifest is; start waits for both', async () => {
    const made = await addServer(
      remote('github', { remote: { url: 'https://g.test/mcp', headers: [{ name: 'X', value: '${USER_TOKEN}' }] } }),
    )
    await addGroup('everyone', { servers: ['github'], members: { users: ['alice'] }, limits: { maxRunningPerUser: 3 } })
    await client.create(CATALOG_KINDS.McpServer, {
      ...remote('foreign'),
      metadata: { name: 'foreign', namespace: 'other' },
    })
    const catalog = await start()
    expect(names(catalog)).toEqual(['github'])
    expect(serverOf(catalog, 'github')).toMatchObject({
      uid: made.metadata.uid,
      namespace: NAMESPACE,
      prefix: 'github',
      isolation: { mode: 'Shared' },
      userVariables: [{ name: 'USER_TOKEN', required: true, secret: true }],
    })
    expect(catalog.snapshot().groups.get('everyone')!.spec).toMatchObject({
      active: true,
      limits: { maxRunningPerUser: 3 },
    })
    expect(faults(catalog)).toEqual([])
  })

  test('where each is declared, and which tool keeps it, also once it does', async () => {
    await addServer(remote('github'))
    await addGroup('team', { servers: [] })
    const catalog = await start()
    const own = { origin: { namespace: NAMESPACE }, keeper: null }
    expect([...catalog.snapshot().declarations!]).toEqual([
      ['McpServer/github', own],
      ['UserGroup/team', own],
    ])
    await change('github', { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:x' } } })
    const keeper = { tool: 'Argo CD', name: 'shop' }
    await until(() => expect(catalog.snapshot().declarations!.get('McpServer/github')).toEqual({ ...own, keeper }))
  })

  test('the same spec has the same config hash as in a folder, whatever status and version it has', async () => {
    const folder = mkdtempSync('/tmp/mcphub-same-')
    const object = { apiVersion: 'mcphub.io/v1alpha1', kind: 'McpServer', ...remote('github') }
    writeFileSync(`${folder}/github.yaml`, JSON.stringify({ ...object, metadata: { name: 'github' } }))
    const onMachine = createManifestCatalog({ folder, log, lastGoodFile: null })
    await onMachine.start()
    await addServer(remote('github'))
    const catalog = await start()
    const before = serverOf(catalog, 'github')!
    expect(before.configHash).toBe(serverOf(onMachine, 'github')!.configHash)
    const { revision } = catalog.snapshot()
    await change('github', { status: { observedGeneration: 7 }, metadata: { annotations: { note: 'x' } } })
    await addServer(remote('later'))
    await until(() => expect(names(catalog)).toEqual(['github', 'later']))
    expect(serverOf(catalog, 'github')).toBe(before)
    expect(catalog.snapshot().revision).toBe(revision + 1)
    await onMachine.stop()
    rmSync(folder, { recursive: true })
  })

  test('a change, a deletion and a namesake are told with both states; the namesake has its own uid', async () => {
    const first = await addServer(remote('github'))
    const catalog = await start()
    const told: [CatalogSnapshot, CatalogSnapshot][] = []
    const stop = catalog.subscribe((next, previous) => void told.push([next, previous]))
    await change('github', { spec: { remote: { url: 'https://other.test/mcp' } } })
    await until(() => expect(told).toHaveLength(1))
    expect(told[0]!.map(({ servers }) => servers.get('github')!.spec.remote!.url)).toEqual([
      'https://other.test/mcp',
      'https://github.example.test/mcp',
    ])
    await remove('github')
    await until(() => expect(names(catalog)).toEqual([]))
    await addServer(remote('github'))
    await until(() => expect(names(catalog)).toEqual(['github']))
    expect(serverOf(catalog, 'github')!.uid).not.toBe(first.metadata.uid)
    stop()
    await remove('github')
    await until(() => expect(names(catalog)).toEqual([]))
    expect(told).toHaveLength(3)
  })

  test('one on its way out serves nobody, while its finalizer still holds it', async () => {
    await addServer(remote('github', {}, { finalizers: ['mcphub.io/pods'] }))
    const catalog = await start()
    await remove('github')
    await until(() => expect(names(catalog)).toEqual([]))
    expect(server.storage.list('mcpservers.mcphub.io', NAMESPACE)).toHaveLength(1)
  })

  test('labels of Helm and Argo CD are no fault and decide nothing; labels of the hub are refused', async () => {
    await addServer(remote('a', {}, { labels: { 'app.kubernetes.io/managed-by': 'Helm', team: 'x' } }))
    await addServer(remote('b', {}, { labels: { 'mcphub.io/server': 'a' } }))
    const catalog = await start()
    expect(names(catalog)).toEqual(['a'])
    expect(serverOf(catalog, 'a')!.labels).toEqual({ team: 'x' })
    expect(faults(catalog)).toEqual([
      expect.stringMatching(/^McpServer\/b null: metadata.labels.mcphub.io\/server: .*reserved/),
    ])
  })
})

describe('what cannot be used', () => {
  test('is a fault under its name, and the last good version serves on; it ends with a mended or a deleted one', async () => {
    await addServer(remote('a'))
    await addServer(remote('b', { type: 'Stdio' }))
    const catalog = await start()
    expect(names(catalog)).toEqual(['a'])
    expect(faults(catalog)[0]).toMatch(/^McpServer\/b null: /)
    const good = serverOf(catalog, 'a')
    await change('a', { spec: { remote: { url: 'https://${PATH}/mcp' } } })
    await until(() => expect(faults(catalog).some((fault) => fault.startsWith('McpServer/a'))).toBe(true))
    expect(serverOf(catalog, 'a')).toBe(good)
    // a restart knows no earlier version
    expect(names(await start())).toEqual([])
    await change('a', { spec: { remote: { url: 'https://mended.test/mcp' } } })
    await until(() => expect(serverOf(catalog, 'a')!.spec.remote!.url).toBe('https://mended.test/mcp'))
    await remove('b')
    await until(() => expect(faults(catalog)).toEqual([]))
  })

  test('a broken namesake does not serve what a deleted one was', async () => {
    await addServer(remote('a'))
    const catalog = await start()
    await remove('a')
    await addServer(remote('a', { type: 'Stdio' }))
    await until(() => expect(faults(catalog)).not.toEqual([]))
    expect(names(catalog)).toEqual([])
  })

  test('two claim one prefix: who serves keeps it; for a replica that starts later, the older one has it', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
    await addServer(remote('z-old', { tools: { prefix: 'same' } }))
    const catalog = await start()
    vi.setSystemTime(1_100_000)
    await addServer(remote('a-new', { tools: { prefix: 'same' } }))
    vi.useRealTimers()
    await until(() => expect(faults(catalog)).toHaveLength(1))
    expect(names(catalog)).toEqual(['z-old'])
    expect(faults(catalog)[0]).toContain('McpServer/z-old had it first')
    expect(names(await start())).toEqual(['z-old'])
  })
})

describe('a list that comes back short', () => {
  const isList = ({ watch, method, name }: FakeCall): boolean => !watch && method === 'GET' && name === null
  const isWatch = ({ watch }: FakeCall): boolean => watch
  const isFor =
    (wanted: string) =>
    ({ method, name }: FakeCall): boolean =>
      method === 'GET' && name === wanted
  const callsFor = (name: string): number => server.calls.filter(isFor(name)).length

  test('later on: nothing is taken as gone that is there; what was deleted meanwhile is gone in seconds', async () => {
    for (const name of ['a', 'b']) await addServer(remote(name))
    await addGroup('team', { servers: ['a'], members: { users: ['alice'] } })
    const catalog = await start()
    const before = catalog.snapshot()
    const told: CatalogSnapshot[] = []
    catalog.subscribe((next) => void told.push(next))
    const undo = server.inject({ when: isWatch, act: { drop: 'before' } })
    server.inject({ when: isList, act: { empty: true }, times: 2 })
    server.cutWatches()
    await remove('b')
    server.compact()
    undo()
    const beganAt = performance.now()
    await until(() => expect(names(catalog)).toEqual(['a']))
    expect(performance.now() - beganAt).toBeLessThan(5_000)
    await until(() => expect(['a', 'b', 'team'].map(callsFor)).toEqual([1, 1, 1]))
    expect(serverOf(catalog, 'a')).toBe(before.servers.get('a'))
    expect(catalog.snapshot().groups).toEqual(before.groups)
    expect(told).toHaveLength(1)
  })

  test('the first one: what something names is asked for, told as there, and listed again; what is gone is asked for once', async () => {
    await addServer(remote('a'))
    await addGroup('team', { servers: ['a'], members: { users: ['alice'] } })
    server.inject({ when: isList, act: { empty: true }, times: 2 })
    const catalog = await start()
    expect([names(catalog), catalog.snapshot().groups.size]).toEqual([[], 0])
    const find = (...wanted: string[]) => catalog.findThere('UserGroup', wanted)
    const found = await Promise.all([find('team', 'gone'), find('team'), find('gone', 'gone')])
    expect(found).toEqual([new Set(['team']), new Set(['team']), new Set()])
    expect([await find('gone'), callsFor('gone'), callsFor('team')]).toEqual([new Set(), 1, 1])
    expect(await catalog.findThere('McpServer', ['a'])).toEqual(new Set(['a']))
    await until(() => expect([names(catalog), [...catalog.snapshot().groups.keys()]]).toEqual([['a'], ['team']]))
    // the watch's word is enough from here on
    await client.delete(CATALOG_KINDS.UserGroup, { namespace: NAMESPACE, name: 'team' })
    await until(() => expect(catalog.snapshot().groups.size).toBe(0))
    expect([await find('team'), callsFor('team')]).toEqual([new Set(), 1])
    await addGroup('gone', { servers: ['a'], members: { users: ['alice'] } })
    await until(() => expect(catalog.snapshot().groups.size).toBe(1))
    expect(await find('gone')).toEqual(new Set(['gone']))
  })

  test('no answer is no proof of anything', async () => {
    const catalog = await start()
    server.inject({ when: isFor('team'), act: { answer: { code: 500, reason: 'InternalError' } }, times: 1 })
    await expect(catalog.findThere('UserGroup', ['team'])).rejects.toMatchObject({ code: 500 })
    expect(await catalog.findThere('UserGroup', ['team'])).toEqual(new Set())
  })
})

describe('the API server', () => {
  test.each([
    [404, 'NotFound', /does not know mcpservers.mcphub.io.*kubectl apply -f crds/],
    [403, 'Forbidden', /may not list mcpservers.mcphub.io in namespace boxes.*service account/],
    [500, 'InternalError', /did not list mcpservers.mcphub.io/],
  ])('answers %i at the start: one sentence says what to do', async (code, reason, words) => {
    server.inject({
      when: ({ collection }) => collection === 'mcpservers.mcphub.io',
      act: { answer: { code, reason } },
    })
    await expect(start({ syncMs: 150 })).rejects.toThrow(words)
  })

  test('is away and comes back: what was known serves, and what changed meanwhile is found', async () => {
    await addServer(remote('a'))
    const catalog = await start()
    const stop = server.inject({ when: () => true, act: { drop: 'before' } })
    server.cutWatches()
    await until(() => expect(warned.length).toBeGreaterThan(2))
    expect(names(catalog)).toEqual(['a'])
    stop()
    await addServer(remote('b'))
    await until(() => expect(names(catalog)).toEqual(['a', 'b']))
  })
})
