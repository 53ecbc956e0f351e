// Writing custom resources as the API server lets it: under a manager of the hub's own, never by force. Whose field it is, which tool keeps a
// resource, and what the service account may not do is said, and then nothing is written.
import { KubeClient, KubeHttp, fixedCredentials, type KubeObject } from '@mcphub/kube'
import { FakeApiServer, type FakeCall } from '@mcphub/kube/testing'
import type { HubError } from '@mcphub/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { CatalogWriter } from '../writer.ts'
import { CATALOG_KINDS } from './kept-resource.ts'
import { FIELD_MANAGER, createResourceWriter } from './resource-writer.ts'

const namespace = 'boxes'
const kind = 'McpServer' as const
const name = 'github'
let server: FakeApiServer
let http: KubeHttp
let client: KubeClient
let writer: CatalogWriter

beforeEach(async () => {
  server = await FakeApiServer.start({ managedFields: true })
  http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'test', retries: 0 })
  client = new KubeClient(http)
  writer = createResourceWriter({ client, namespace, probeMs: 0 })
})
afterEach(async () => {
  await http.destroy()
  await server.stop()
})

const SPEC = { type: 'Remote', remote: { url: 'https://g.test/mcp' } }
const yamlOf = (spec: object, metadata: object = {}): string =>
  JSON.stringify({ apiVersion: 'mcphub.io/v1alpha1', kind, metadata: { name, ...metadata }, spec })
const applyAs = (fieldManager: string, spec: object, metadata: object = {}) =>
  client.apply(CATALOG_KINDS.McpServer, { metadata: { name, namespace, ...metadata }, spec }, { fieldManager })
const save = (spec: object, version: string | null, metadata: object = {}) =>
  writer.apply({ kind, name, yaml: yamlOf(spec, metadata), version })
const read = async () => (await writer.read({ kind, name }))!
const live = (): Promise<KubeObject> => client.get(CATALOG_KINDS.McpServer, { namespace, name })
const faultOf = (work: Promise<unknown>): Promise<HubError> =>
  work.then(
    () => Promise.reject(new Error('it went through')),
    (error: unknown) => error as HubError,
  )
const indeed = ({ method, query }: FakeCall): boolean => method !== 'GET' && query.get('dryRun') !== 'All'
const writes = (): number => server.calls.filter(indeed).length

describe('a change', () => {
  test('is an apply of name, labels and spec under the hub’s manager, who then owns those fields', async () => {
    expect(await writer.read({ kind, name })).toBeNull()
    const labels = { team: 'x' }
    const made = await save(SPEC, null, { labels, annotations: { note: 'y' } })
    expect(await live()).toMatchObject({ metadata: { labels }, spec: SPEC })
    expect((await live()).metadata.annotations).toBeUndefined()
    expect(made.owners).toEqual([
      { field: 'metadata.labels.team', manager: FIELD_MANAGER },
      { field: 'spec.remote.url', manager: FIELD_MANAGER },
      { field: 'spec.type', manager: FIELD_MANAGER },
    ])
    expect([made.origin, made.readOnly]).toEqual([{ namespace }, null])
    expect(parse(made.yaml)).toEqual({ apiVersion: 'mcphub.io/v1alpha1', kind, metadata: { name, labels }, spec: SPEC })
    const call = server.calls.findLast(indeed)!
    expect([call.method, call.contentType, call.query.get('fieldManager'), call.query.get('force')]).toEqual([
      'PATCH',
      'application/apply-patch+yaml',
      FIELD_MANAGER,
      null,
    ])
  })

  test('what the hub set before and leaves out goes; the same again writes nothing new', async () => {
    const made = await save({ ...SPEC, description: 'old' }, null)
    const less = await save(SPEC, made.version)
    expect(less.spec).toEqual(SPEC)
    const { metadata } = await live()
    const again = await save(SPEC, less.version)
    expect(again.version).toBe(less.version)
    expect((await live()).metadata.resourceVersion).toBe(metadata.resourceVersion)
  })

  test('a status written between reading and saving is no change of what is declared', async () => {
    const made = await save(SPEC, null)
    let rounds = 0
    const back = server.inject({
      when: (call) => {
        if (indeed(call) && call.subresource === null && rounds++ < 2) {
          const held = server.storage.get(call.collection, namespace, name)
          server.storage.update(call.collection, held, { ...held, status: { observedGeneration: rounds } }, 'operator')
        }
        return false
      },
      act: { delayMs: 0 },
    })
    await save({ ...SPEC, description: 'new' }, made.version)
    back()
    expect(await live()).toMatchObject({ spec: { description: 'new' }, status: { observedGeneration: 2 } })
  })

  test('of a removed one nothing is left', async () => {
    const { version } = await save(SPEC, null)
    await writer.remove({ kind, name }, version)
    expect(await writer.read({ kind, name })).toBeNull()
    expect((await faultOf(writer.remove({ kind, name }, version))).details.data).toMatchObject({ reason: 'gone' })
  })
})

describe('what others own', () => {
  test('a field of another manager that would change is refused, with the manager and the field', async () => {
    await applyAs('kubectl', SPEC)
    const { version } = await read()
    const before = writes()
    const fault = await faultOf(save({ ...SPEC, remote: { url: 'https://mine.test' } }, version))
    expect(fault.code).toBe('conflict')
    expect(fault.details.data).toMatchObject({
      reason: 'owned',
      version,
      owners: [{ field: 'spec.remote.url', manager: 'kubectl' }],
    })
    expect(fault.message).toContain('spec.remote.url (kubectl)')
    expect(writes()).toBe(before)
    expect((await live())['spec']).toEqual(SPEC)
  })

  test('a field of another manager that is left out would stay: that is refused too, not silently undone', async () => {
    await applyAs('kubectl', { ...SPEC, description: 'theirs' })
    const { version } = await read()
    const fault = await faultOf(save(SPEC, version))
    expect(fault.details.data).toMatchObject({
      reason: 'owned',
      owners: [{ field: 'spec.description', manager: 'kubectl' }],
    })
  })

  test('a field that nobody has may be added; both own what both say', async () => {
    await applyAs('kubectl', SPEC)
    const saved = await save({ ...SPEC, description: 'mine' }, (await read()).version)
    expect(saved.owners).toContainEqual({ field: 'spec.description', manager: FIELD_MANAGER })
    expect(saved.owners.filter(({ field }) => field === 'spec.type').map(({ manager }) => manager)).toEqual([
      'kubectl',
      FIELD_MANAGER,
    ])
  })

  test('a check says so beforehand and writes nothing', async () => {
    await applyAs('kubectl', SPEC)
    const before = writes()
    const faults = await writer.check({ kind, name, yaml: yamlOf({ ...SPEC, remote: { url: 'https://x.test' } }) })
    expect(faults).toEqual([{ line: null, path: 'spec.remote.url', message: expect.stringContaining('kubectl') }])
    expect(await writer.check({ kind, name, yaml: yamlOf({ ...SPEC, description: 'x' }) })).toEqual([])
    expect(writes()).toBe(before)
  })

  test('edited, made or removed meanwhile', async () => {
    const { version } = await save(SPEC, null)
    await save({ ...SPEC, description: 'theirs' }, version)
    const edited = await faultOf(save({ ...SPEC, description: 'mine' }, version))
    expect(edited.details.data).toMatchObject({ reason: 'edited', version: (await read()).version })
    expect(String(edited.details.data!['yaml'])).toContain('theirs')
    expect((await faultOf(save(SPEC, null))).details.data).toMatchObject({ reason: 'exists' })
    await client.delete(CATALOG_KINDS.McpServer, { namespace, name })
    expect((await faultOf(save(SPEC, version))).details.data).toMatchObject({ reason: 'gone', yaml: null })
  })
})

describe('what another tool keeps', () => {
  const argo = 'argocd.argoproj.io/tracking-id'
  test.each([
    ['Argo CD', 'shop', { annotations: { [argo]: 'shop:mcphub.io/McpServer:boxes/github' } }],
    ['Argo CD', 'shop', { labels: { 'argocd.argoproj.io/instance': 'shop' } }],
    ['Flux', 'apps', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }],
    ['Flux', 'release', { labels: { 'helm.toolkit.fluxcd.io/name': 'release' } }],
    [
      'Helm',
      'hub',
      { labels: { 'app.kubernetes.io/managed-by': 'Helm' }, annotations: { 'meta.helm.sh/release-name': 'hub' } },
    ],
    ['kapp', '17', { labels: { 'kapp.k14s.io/app': '17' } }],
  ])('%s (%s) is named, and nothing is written', async (tool, by, metadata) => {
    await applyAs('somebody', SPEC, metadata)
    const { version, readOnly } = await read()
    expect(readOnly).toEqual({ code: 'gitops', params: { tool, name: by } })
    const before = writes()
    for (const work of [
      () => save({ ...SPEC, description: 'x' }, version),
      () => writer.remove({ kind, name }, version),
    ]) {
      const fault = await faultOf(work())
      expect([fault.code, fault.details.data]).toEqual(['forbidden', readOnly])
    }
    expect(writes()).toBe(before)
  })

  test.each([
    ['argocd-controller', 'Argo CD'],
    ['kustomize-controller', 'Flux'],
  ])('without a mark it is known by its manager %s', async (manager, tool) => {
    await applyAs(manager, SPEC)
    expect((await read()).readOnly).toEqual({ code: 'gitops', params: { tool, name: '' } })
  })
})

describe('what the API server says no to', () => {
  test('without rbac.writeCatalog that is what is said, before anything is tried and when it is', async () => {
    const { version } = await save(SPEC, null)
    expect(await writer.checkWritable()).toBeNull()
    server.inject({
      when: ({ method }) => method !== 'GET',
      act: { answer: { code: 403, reason: 'Forbidden', message: 'cannot patch resource' } },
    })
    const reason = { code: 'writeCatalogOff', params: { namespace } }
    expect(await writer.checkWritable()).toEqual(reason)
    for (const work of [
      () => save({ ...SPEC, description: 'x' }, version),
      () => writer.remove({ kind, name }, version),
    ]) {
      const fault = await faultOf(work())
      expect([fault.code, fault.details.data]).toEqual(['forbidden', reason])
    }
  })

  test('whether it may write is asked now and then, not at every look', async () => {
    const patient = createResourceWriter({ client, namespace })
    const asked = server.calls.length
    for (let look = 0; look < 5; look++) expect(await patient.checkWritable()).toBeNull()
    expect(server.calls.length - asked).toBe(1)
  })

  test('the trial of whether it may write leaves nothing behind', async () => {
    expect(await writer.checkWritable()).toBeNull()
    expect(writes()).toBe(0)
    expect(server.storage.list('usergroups.mcphub.io', namespace)).toEqual([])
  })

  test('a rule of the definition is a fault of the check, and of the save', async () => {
    server.inject({
      when: ({ method }) => method === 'PATCH',
      act: { answer: { code: 422, reason: 'Invalid', message: 'spec.type: Invalid value: the type cannot change' } },
    })
    const [fault] = await writer.check({ kind, name, yaml: yamlOf(SPEC) })
    expect(fault).toMatchObject({ path: null, message: expect.stringContaining('the type cannot change') })
    expect((await faultOf(save(SPEC, null))).code).toBe('invalid_params')
  })

  test('an API server that is away is no fault of the manifest', async () => {
    server.inject({ when: () => true, act: { drop: 'before' } })
    for (const work of [read, () => save(SPEC, null), () => writer.checkWritable()])
      expect((await faultOf(work())).code).toBe('server_unavailable')
  })
})
