// What a hub says where much goes wrong, over its REST API: every sentence of its own comes with its codes; what others said does not.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RouteResponse } from '@mcphub/api'
import { startHub, type TestHub, type TestUser } from './kit/hub.ts'
import { FAULTY_MANIFESTS } from './kit/faulty-manifests.ts'
import { waitUntil } from './kit/wait-until.ts'

let hub: TestHub
let admin: TestUser

beforeAll(async () => {
  hub = await startHub({ manifests: FAULTY_MANIFESTS })
  admin = await hub.addUser('jisoo')
  await hub.request('PUT', `/api/admin/users/${admin.id}/role`, { role: 'admin' })
  const isBroken = async (name: string): Promise<boolean> => (await getServer(name)).status === 'Failed'
  await waitUntil(async () => (await isBroken('away')) && isBroken('python'), 'both were tried')
})
afterAll(() => hub?.stop())

const get = <T>(path: string): Promise<T> => hub.request<T>('GET', path, undefined, admin.key)
const getServer = (name: string) => get<RouteResponse<'getServer'>>(`/api/servers/${name}`)
const codesOf = (said: readonly { readonly code: string }[]): string => said.map(({ code }) => code).join(' ')

test('R6-8: servers that do not work', async () => {
  expect(codesOf((await getServer('away')).statusSaid)).toBe('call.unreachable')
  expect(codesOf((await getServer('python')).statusSaid)).toBe('package.noPython')
})

test('R6-8: faults of manifests; the words of the YAML parser stay its own', async () => {
  const { faults } = await get<RouteResponse<'listAdminServers'>>('/api/admin/servers')
  expect(faults.map(({ file, said }) => `${file} ${codesOf(said)}`)).toEqual([
    'both.yaml said.at server.aloneMember',
    'both.yaml said.at url.onlyHttp',
    'both.yaml said.at stdio.needsPackage',
    'broken.yaml manifest.notYaml',
    'typo.yaml said.at field.needText',
    'typo.yaml manifest.unknownFieldMeant',
  ])
})

test('R6-8: the checks of the hub, and what to do', async () => {
  const { items } = await get<RouteResponse<'getDoctor'>>('/api/admin/doctor')
  expect(items.filter(({ ok }) => !ok).length).toBeGreaterThan(2)
  // a version or a path is no sentence
  expect(items.filter(({ message, said }) => said.length === 0 && message.includes(' '))).toEqual([])
  expect(items.filter(({ fix, fixSaid }) => fix !== null && fixSaid.length === 0)).toEqual([])
})

test('R6-8: every step of why a tool is seen or not', async () => {
  for (const tool of ['python', 'away__find', 'nothing']) {
    const { steps } = await get<RouteResponse<'explainTool'>>(`/api/tools/explain?tool=${tool}`)
    expect(steps.filter(({ said }) => said.length === 0)).toEqual([])
  }
})
