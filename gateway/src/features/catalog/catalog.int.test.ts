// Manifests through the REST API: what an administrator reads, checks, saves and removes, what an audit keeps of it, and what nobody overwrites.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckManifestResponse, ManifestResponse, SettingsFileResponse } from '@mcphub/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRestHub, type RestHub } from '../../../../test/kit/rest-hub.ts'
import type { Person } from '../../../../test/kit/rest.ts'

let hub: RestHub
let admin: Person
beforeAll(async () => {
  hub = await startRestHub()
  admin = await hub.addPerson('root', 'admin')
  for (const name of ['alice', 'bob']) await hub.addPerson(name)
})
afterAll(() => hub.stop())

const yamlOf = (name: string, more = ''): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: McpServer\nmetadata:\n  name: ${name}\nspec:\n  type: Remote # for ever\n  remote:\n    url: https://${name}.test/mcp\n${more}`
const groupOf = (name: string, users: string): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: UserGroup\nmetadata:\n  name: ${name}\nspec:\n  members:\n    users: [${users}]\n  servers: [docs]\n`
const path = (file: string): string => join(hub.catalogFolder, file)
const put = (name: string, text: string): string => {
  writeFileSync(path(`${name}.yaml`), text)
  return createHash('sha256').update(text).digest('hex')
}
const send = (method: string, to: string, body?: object) =>
  hub.send(method, to, { key: admin.key, ...(body === undefined ? {} : { body }) })

test('an auditor reads a manifest and the settings file without what may be a secret in them', async () => {
  const auditor = await hub.addPerson('audrey', 'auditor')
  const more = `    headers:\n      - name: Authorization\n        value: Bearer hunter2-hunter2 # it is hunter2-hunter2\n      - name: X-Team\n        value: \${USER_TEAM}\n`
  const yaml = yamlOf('sealed', more)
  expect((await send('PUT', '/api/admin/servers/sealed', { yaml, version: null })).status).toBe(200)
  const headers = [
    { name: 'Authorization', value: 'Bearer hunter2-hunter2' },
    { name: 'X-Team', value: '${USER_TEAM}' },
  ]
  hub.catalog.set({ servers: { sealed: { type: 'Remote', remote: { url: 'https://sealed.test/mcp', headers } } } })
  for (const to of ['/api/admin/servers/sealed', '/api/admin/settings-file']) {
    expect((await send('GET', to)).text).toContain('hunter2')
    for (const by of [{ key: auditor.key }, { session: auditor.session }]) {
      const seen = await hub.send('GET', to, by)
      expect([seen.status, seen.text.includes('hunter2')]).toEqual([200, false])
      for (const stays of ['https://sealed.test/mcp', 'Authorization', '[text 1]', '${USER_TEAM}'])
        expect(seen.text).toContain(stays)
    }
  }
})

test('a server is made, read back, changed by its form with its comments kept, and removed', async () => {
  const made = await send('PUT', '/api/admin/servers/web', { yaml: yamlOf('web'), version: null })
  expect([made.status, made.text]).toEqual([200, made.text])
  const read = (await send('GET', '/api/admin/servers/web')).json as ManifestResponse
  expect(read).toMatchObject({
    ...{
      kind: 'McpServer',
      name: 'web',
      yaml: yamlOf('web'),
      origin: { file: 'web.yaml' },
      owners: [],
      readOnly: null,
    },
    spec: { type: 'Remote', remote: { url: 'https://web.test/mcp' } },
  })
  expect(read).toEqual(made.json)
  hub.records.length = 0
  const spec = { ...read.spec, displayName: 'The web' }
  const changed = await send('PUT', '/api/admin/servers/web', { spec, version: read.version })
  expect(changed.status).toBe(200)
  const text = readFileSync(path('web.yaml'), 'utf8')
  expect(text).toContain('type: Remote # for ever')
  expect(text).toContain('displayName: The web')
  expect(hub.records).toMatchObject([
    { action: 'PUT /api/admin/servers/:name', target: 'web', detail: { before: read.spec, after: spec } },
  ])
  const { version } = changed.json as ManifestResponse
  expect((await send('DELETE', `/api/admin/servers/web?version=${version}`)).status).toBe(204)
  expect(existsSync(path('web.yaml'))).toBe(false)
  expect((await send('GET', '/api/admin/servers/web')).status).toBe(404)
  expect((await send('DELETE', `/api/admin/servers/web?version=${version}`)).status).toBe(404)
})

test('edited meanwhile: 409 with what is there, and mine is not written', async () => {
  const version = put('docs', yamlOf('docs'))
  const theirs = put('docs', yamlOf('docs', '  description: theirs\n'))
  const answer = await send('PUT', '/api/admin/servers/docs', {
    yaml: yamlOf('docs', '  description: mine\n'),
    version,
  })
  expect(answer.status).toBe(409)
  expect(answer.problem.data).toEqual({
    ...{ reason: 'edited', owners: [], version: theirs, yaml: yamlOf('docs', '  description: theirs\n') },
  })
  expect(readFileSync(path('docs.yaml'), 'utf8')).toContain('theirs')
})

test('all faults at once, by field, and nothing is written', async () => {
  const answer = await send('PUT', '/api/admin/servers/bad', {
    yaml: yamlOf('bad', '  riskLevel: Huge\n  colour: red\n'),
    version: null,
  })
  expect(answer.status).toBe(400)
  expect(answer.problem.faults?.map(({ field }) => field).toSorted()).toEqual(['spec.colour', 'spec.riskLevel'])
  expect(existsSync(path('bad.yaml'))).toBe(false)
  expect((await send('PUT', '/api/admin/servers/bad', { yaml: yamlOf('other'), version: null })).status).toBe(400)
  expect((await send('PUT', '/api/admin/servers/bad', { version: null })).status).toBe(400)
})

test('a spec is no longer than a manifest may be, and neither is what is made from it', async () => {
  const long = (count: number, each: string) => ({ type: 'Remote', notes: Array.from({ length: count }, () => each) })
  for (const spec of [long(4, 'x'.repeat(70_000)), long(50_000, 'x')]) {
    const answer = await send('PUT', '/api/admin/servers/long', { spec, version: null })
    expect([answer.status, answer.problem.faults]).toEqual([
      400,
      [expect.objectContaining({ field: 'spec', message: 'Give at most 262144 characters' })],
    ])
  }
  expect(existsSync(path('long.yaml'))).toBe(false)
})

test('a check says faults with their lines, or what the change means for whom; and writes nothing', async () => {
  hub.catalog.set({ servers: { docs: { type: 'Remote', remote: { url: 'https://docs.test' } } } })
  hub.discoveries.put('docs', null, ['read', 'write', 'drop'])
  hub.records.length = 0
  const check = async (body: object) =>
    (await send('POST', '/api/admin/catalog/check', body)).json as CheckManifestResponse
  expect(await check({ yaml: yamlOf('docs', '  riskLevel: Huge\n') })).toMatchObject({
    faults: [{ line: 9, path: 'spec.riskLevel' }],
    ...{ normalised: null, effect: null },
  })
  expect(await check({ yaml: yamlOf('docs'), wanted: { kind: 'McpServer', name: 'other' } })).toMatchObject({
    faults: [{ line: 4, path: 'metadata.name' }],
  })
  expect(await check({ yaml: yamlOf('docs'), wanted: { kind: 'UserGroup', name: null } })).toMatchObject({
    faults: [{ line: 2, path: 'kind' }],
  })
  expect(await check({ yaml: yamlOf('docs'), wanted: { kind: 'McpServer', name: null } })).toMatchObject({ faults: [] })
  const moved = [{ server: 'docs', people: 2, names: ['alice', 'bob'], tools: 3 }]
  const effect = { people: 2, gain: moved, lose: [] }
  expect(await check({ yaml: groupOf('team', 'alice, bob') })).toMatchObject({ faults: [], effect })
  hub.catalog.set({
    servers: { docs: { type: 'Remote', remote: { url: 'https://docs.test' } } },
    groups: { team: { members: { users: ['alice', 'bob'] }, servers: ['docs'] } },
  })
  const { effect: undone } = await check({ remove: { kind: 'UserGroup', name: 'team' } })
  expect(undone).toEqual({ people: 2, gain: [], lose: moved })
  expect(hub.records).toEqual([])
  expect(existsSync(path('team.yaml'))).toBe(false)
})

test('of a group the audit keeps people by id', async () => {
  hub.records.length = 0
  const alice = await hub.world.users.find('alice')
  const answer = await send('PUT', '/api/admin/groups/team', {
    yaml: groupOf('team', 'alice, stranger'),
    version: null,
  })
  expect(answer.status).toBe(200)
  expect(hub.records[0]?.detail).toEqual({
    before: null,
    after: { members: { users: [alice.id], unknownUsers: 1 }, servers: ['docs'] },
  })
})

test('the state of the catalogue and a settings file', async () => {
  hub.catalog.set({ servers: { docs: { type: 'Remote', remote: { url: 'https://docs.test' } } } })
  expect((await send('GET', '/api/admin/catalog')).json).toEqual({ revision: expect.any(Number), readOnly: null })
  const file = (await send('GET', '/api/admin/settings-file')).json as SettingsFileResponse
  expect(file).toEqual({ mcpServers: { docs: { type: 'http', url: 'https://docs.test' } }, leftOut: [] })
})
