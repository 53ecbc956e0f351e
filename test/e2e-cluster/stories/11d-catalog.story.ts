// The catalogue changed through the hub, in a cluster: the API server knows who set which field, what others own stays theirs, and without the
// right to write nothing is written.
import type {
  AdminServerListResponse,
  CatalogStateResponse,
  CheckManifestResponse,
  ManifestResponse,
  Problem,
  SystemResponse,
} from '@mcphub/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { addPerson, context, fetchHub, request } from '../kit/hub.ts'
import { cluster, inSandboxes, read, remove } from '../kit/kube.ts'
import { HUB, RELEASE, SANDBOXES } from '../settings.ts'

const NAME = 'saved-here'
const OTHER = 'kept-elsewhere'
const ROLE = 'story-catalogue'
const PATH = `/api/admin/servers/${NAME}`

const spec = (name: string, more: object = {}) => ({
  ...{ type: 'Remote', access: 'Everyone', remote: { url: `https://${name}.example.test/mcp` } },
  ...more,
})
const documentOf = (name: string, more: object = {}): object => ({
  ...{ apiVersion: 'mcphub.io/v1alpha1', kind: 'McpServer', metadata: { name } },
  spec: spec(name, more),
})

interface Managed {
  readonly metadata: { readonly managedFields: readonly { readonly manager: string; readonly operation: string }[] }
}
const managersOf = async (name: string): Promise<string[]> => {
  const text = await inSandboxes('get', 'mcpserver', name, '-o', 'json', '--show-managed-fields')
  return (JSON.parse(text) as Managed).metadata.managedFields.map(({ manager, operation }) => `${manager} ${operation}`)
}

/** With status and problem, whatever they are. */
async function put(path: string, body: object): Promise<{ readonly status: number; readonly problem: Problem }> {
  const headers = { authorization: `Bearer ${context.adminKey}`, 'content-type': 'application/json' }
  const answer = await fetchHub(path, { method: 'PUT', headers, body: JSON.stringify(body) })
  return { status: answer.status, problem: (await answer.json()) as Problem }
}

const stateOf = (): Promise<CatalogStateResponse> => request('GET', '/api/admin/catalog')

beforeAll(async () => {
  await remove('mcpserver', NAME, OTHER)
})
afterAll(async () => {
  await remove('mcpserver', NAME, OTHER)
  await inSandboxes('delete', 'rolebinding', ROLE, '--ignore-not-found')
  await inSandboxes('delete', 'role', ROLE, '--ignore-not-found')
})

test('without rbac.writeCatalog it says so, and nothing is written', async () => {
  const reason = { code: 'writeCatalogOff', params: { namespace: SANDBOXES } }
  expect((await stateOf()).readOnly).toEqual(reason)
  const { status, problem } = await put(PATH, { yaml: JSON.stringify(documentOf(NAME)), version: null })
  expect([status, problem.data]).toEqual([403, reason])
  await expect(read(SANDBOXES, 'mcpserver', NAME)).rejects.toThrow('not found')
})

test('with it: saved here, known to kubectl as set here, served at once; changed and removed', async () => {
  const verbs = '--verb=create,patch,delete'
  await inSandboxes('create', 'role', ROLE, verbs, '--resource=mcpservers.mcphub.io,usergroups.mcphub.io')
  await inSandboxes('create', 'rolebinding', ROLE, `--role=${ROLE}`, `--serviceaccount=${HUB}:${RELEASE}-gateway`)
  await waitUntil('the hub may write', async () => (await stateOf()).readOnly === null, 60_000)
  const yaml = JSON.stringify(documentOf(NAME, { description: 'first' }))
  const made = await request<ManifestResponse>('PUT', PATH, { yaml, version: null })
  expect(made.owners).toContainEqual({ field: 'spec.remote.url', manager: 'mcphub-console' })
  expect(await managersOf(NAME)).toContain('mcphub-console Apply')
  const person = await addPerson('reader')
  // whichever replica answers
  await waitUntil('it is served', async () => {
    const { items } = await request<{ items: { name: string }[] }>('GET', '/api/servers', undefined, person.key)
    return items.some(({ name }) => name === NAME)
  })
  const { items } = await request<AdminServerListResponse>('GET', '/api/admin/servers')
  expect(items.find(({ name }) => name === NAME)).toMatchObject({ origin: { namespace: SANDBOXES }, managedBy: null })
  // the operator has written a status meanwhile: that is no change of what is declared
  const changed = await request<ManifestResponse>('PUT', PATH, { spec: spec(NAME), version: made.version })
  expect((await read(SANDBOXES, 'mcpserver', NAME)).spec['description']).toBeUndefined()
  await request('DELETE', `${PATH}?version=${encodeURIComponent(changed.version)}`)
  await waitUntil('it is gone', async () => {
    const left = await inSandboxes('get', 'mcpserver', NAME, '--ignore-not-found', '-o', 'name')
    return left.trim() === ''
  })
})

test('what another manager owns is refused with its name; what Argo CD keeps is not touched', async () => {
  const input = JSON.stringify(documentOf(OTHER, { description: 'theirs' }))
  const apply = ['-n', SANDBOXES, 'apply', '--server-side', '--field-manager=story', '-f', '-']
  await cluster.kubectl(apply, { input })
  const path = `/api/admin/servers/${OTHER}`
  await waitUntil('the hub knows it', async () => (await fetchHub(path, ADMIN)).ok, 10_000)
  const { version } = await request<ManifestResponse>('GET', path)
  const owner = { field: 'spec.description', manager: 'story' }
  for (const wanted of [{ description: 'mine' }, {}]) {
    const { status, problem } = await put(path, { spec: spec(OTHER, wanted), version })
    expect([status, problem.data]).toEqual([409, expect.objectContaining({ reason: 'owned', owners: [owner] })])
  }
  const yaml = JSON.stringify(documentOf(OTHER, { description: 'mine' }))
  const checked = await request<CheckManifestResponse>('POST', '/api/admin/catalog/check', { yaml })
  expect(checked.faults).toMatchObject([{ path: 'spec.description', message: expect.stringContaining('story') }])
  expect((await read(SANDBOXES, 'mcpserver', OTHER)).spec['description']).toBe('theirs')

  await inSandboxes(
    'annotate',
    'mcpserver',
    OTHER,
    `argocd.argoproj.io/tracking-id=shop:mcphub.io/McpServer:x/${OTHER}`,
  )
  const kept = await request<ManifestResponse>('GET', path)
  expect(kept.readOnly).toEqual({ code: 'gitops', params: { tool: 'Argo CD', name: 'shop' } })
  const { status } = await put(path, {
    spec: spec(OTHER, { description: 'theirs', displayName: 'X' }),
    version: kept.version,
  })
  expect(status).toBe(403)
})

test('the hub as a whole: every replica, the database, the operator that leads', async () => {
  const system = await request<SystemResponse>('GET', '/api/admin/system')
  expect(system.replicas.filter(({ isLive }) => isLive).length).toBeGreaterThan(0)
  expect(system.replicas.filter(({ isThis }) => isThis)).toHaveLength(1)
  expect(system.operator).toMatchObject({ isLive: true, holder: expect.any(String) })
})

const ADMIN: RequestInit = { headers: { authorization: `Bearer ${context.adminKey}` } }
