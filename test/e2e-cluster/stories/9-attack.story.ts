// From inside a person's pod: a hostile server there tries everything it can reach.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { API_SERVICE_IP, NODE1 } from '../../cluster/settings.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, context, fetchHub, open, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, gatewayPods, list, operatorPods, read, remove } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import type { Session } from '../kit/sessions.ts'
import { placeOf, podOf } from '../kit/sessions.ts'
import { HUB, SANDBOXES } from '../settings.ts'

const SHIM = 8477
let mallory: Session
let victim: Session
let own = ''
let others = ''

async function enter(name: string): Promise<[Person, Session]> {
  const person = await addPerson(name)
  await setVariables(person, { USER_STORY_SECRET: `secret-of-${name}` })
  await waitForTools(person, 'hostile')
  return [person, await open(person, 'hostile')]
}

const addressOf = async (namespace: string, pod: string): Promise<string> =>
  (await read(namespace, 'pod', pod)).status?.podIP ?? ''
const knock = (host: string, port: number): Promise<string> => mallory.call('knock', { host, port })

beforeAll(async () => {
  await apply(personalServer('hostile', { stdio: { idleTimeoutSeconds: 900 } }))
  ;[, mallory] = await enter('mallory')
  ;[, victim] = await enter('victim')
  own = await podOf(mallory)
  others = await podOf(victim)
})
afterAll(async () => {
  await mallory?.close()
  await victim?.close()
  await remove('mcpserver', 'hostile')
})

/** All at once: what is dropped is waited for. */
async function expectShut(host: string, ...ports: number[]): Promise<void> {
  const said = await Promise.all(ports.map(async (port) => [port, await knock(host, port)] as const))
  expect(
    said.filter(([, how]) => how === 'open'),
    host,
  ).toEqual([])
}

test('BOX-4: another person’s pod cannot be reached, on no port', async () => {
  await expectShut(await addressOf(SANDBOXES, others), SHIM, 22, 80, 8443, 9090)
})

test('BOX-4: the API server is out of reach, by its Service and by its node', async () => {
  const service = context.own ? API_SERVICE_IP : 'kubernetes.default.svc'
  expect(await knock(service, 443)).not.toBe('open')
  if (context.own) expect(await knock(NODE1.ip, 6443)).not.toBe('open')
})

test('BOX-4: of the gateways only the call-home port answers', async () => {
  for (const { status } of await gatewayPods()) {
    const host = status?.podIP ?? ''
    await expectShut(host, 3000, 9090, 8444)
    expect(await knock(host, 8443)).toBe('open')
  }
  for (const { spec } of await list(HUB, 'services')) {
    const host = String(spec['clusterIP'])
    if (host === 'None') continue
    const ports = (spec['ports'] as { port: number }[]).map(({ port }) => port)
    await expectShut(host, ...ports.filter((port) => port !== 8443))
  }
})

test('BOX-4: operator, database, metadata address, nodes and the world: all refused', async () => {
  for (const { status } of await operatorPods()) await expectShut(status?.podIP ?? '', 8080, 8081)
  for (const { status } of await list(HUB, 'pods', 'app.kubernetes.io/component=database'))
    await expectShut(status?.podIP ?? '', 5432)
  await Promise.all([expectShut('169.254.169.254', 80), expectShut('1.1.1.1', 443)])
  const { status } = await read(SANDBOXES, 'pod', own)
  const node = String(status?.['hostIP'])
  await expectShut(node, 10_250, 10_255, 10_256, 6443, 2379)
})

/** The token that the pod carries, if the child may read it at all. */
async function stealToken(): Promise<string | null> {
  const files = JSON.parse(await mallory.call('readable', { folder: '/var/run/secrets' })) as Record<
    string,
    string | null
  >
  const more = JSON.parse(await mallory.call('readable', { folder: '/run/mcphub' })) as Record<string, string | null>
  const tokens = Object.values({ ...files, ...more }).filter((text) => text?.startsWith('eyJ'))
  return tokens[0] ?? null
}

test('BOX-6: its own token opens nothing: not its own shim, not the hub', async () => {
  const token = (await stealToken()) ?? 'eyJub25l'
  const host = await addressOf(SANDBOXES, own)
  const said = await mallory.call('talk', { host: '127.0.0.1', port: SHIM, send: `MCPS\u0001${token}` })
  expect(said).not.toContain('secret')
  expect(said).not.toMatch(/WELCOME|STARTED/)
  expect(await mallory.call('talk', { host, port: SHIM, send: token })).not.toMatch(/WELCOME|STARTED/)
  // from outside, too: the address the gateways use takes no bearer of this kind
  const asBearer = await fetchHub('/api/user/me', { headers: { authorization: `Bearer ${token}` } })
  expect(asBearer.status).toBe(401)
})

test('SEC-8: a child’s environment holds what its manifest names, and nothing of the hub, the cluster or the shim', async () => {
  const env = JSON.parse(await mallory.call('env')) as Record<string, string>
  // MCPHUB_CHILD is the shim's mark, by which it finds what a child started
  expect(env['SERVER_SECRET']).toBe('secret-of-mallory')
  expect(Object.keys(env).filter((name) => /^(MCPHUB|KUBERNETES)_/.test(name))).toEqual(['MCPHUB_CHILD'])
  const others = JSON.parse(await mallory.call('environments')) as string[]
  expect(others.filter((text) => text.includes('secret-of-victim'))).toEqual([])
})

test('SEC-4: nothing of a person is in the pod’s own object', async () => {
  for (const pod of [own, others]) {
    const text = JSON.stringify(await read(SANDBOXES, 'pod', pod))
    expect(text).not.toMatch(/secret-of-(mallory|victim)/)
    expect(text).not.toMatch(/USER_STORY_SECRET/)
  }
})

test('a fork bomb stays in its pod', async () => {
  const started = Number(await mallory.call('forkMany', { count: 600 }).catch(() => '0'))
  expect(started).toBeLessThan(600)
  expect(await victim.call('nonce', { challenge: 'x' })).toBe(
    createHmac('sha256', 'secret-of-victim').update('x').digest('hex'),
  )
})

test('a memory bomb ends its own program or pod; the neighbour does not notice', async () => {
  const before = await placeOf(victim)
  await expect(mallory.call('hog')).rejects.toThrow()
  expect(await placeOf(victim)).toBe(before)
  await waitUntil('the attacker is served again: the hub bears no grudge', () => mallory.call('count'), 90_000)
})

test('a full disk is its own: the work folder ends at its limit', { timeout: 240_000 }, async () => {
  const before = await placeOf(victim)
  const attacked = await placeOf(mallory)
  const said = await mallory.call('fill', { path: '/work/big', mebibytes: 1280 }, { timeoutMs: 100_000 }).catch(String)
  // its limit is 1 GiB: the kubelet measures now and then and evicts; a quota of the file system is faster
  if (said === 'written')
    await waitUntil(
      'the pod is evicted',
      async () => (await placeOf(mallory).catch(() => attacked)) !== attacked,
      150_000,
    )
  expect(await placeOf(victim)).toBe(before)
})
