// From inside a person's pod: a hostile server there tries everything it can reach.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, waitUntil } from '../../cluster/commands.ts'
import { addPerson, fetchHub, open, setVariables, waitForTools } from '../kit/hub.ts'
import {
  CALL_HOME_PORT,
  SHIM_PORT,
  addressOf,
  expectShut,
  knock,
  ofApiServer,
  ofHub,
  ofNode,
  ofPod,
} from '../kit/knocks.ts'
import { apply, gatewayPods, inSandboxes, kubectl, read, remove } from '../kit/kube.ts'
import { requireProbe } from '../kit/proves.ts'
import { personalServer } from '../kit/servers.ts'
import type { Session } from '../kit/sessions.ts'
import { placeOf, podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

let mallory: Session
let victim: Session
let own = ''
let others = ''

async function enter(name: string): Promise<Session> {
  const person = await addPerson(name)
  await setVariables(person, { USER_STORY_SECRET: `secret-of-${name}` })
  await waitForTools(person, 'hostile')
  return open(person, 'hostile')
}

beforeAll(async () => {
  await apply(personalServer('hostile', { stdio: { idleTimeoutSeconds: 900 } }))
  ;[mallory, victim] = await Promise.all([enter('mallory'), enter('victim')])
  ;[own, others] = await Promise.all([podOf(mallory), podOf(victim)])
})
afterAll(async () => {
  await mallory?.close()
  await victim?.close()
  await remove('mcpserver', 'hostile')
})

test('BOX-1: seen from inside, the process has no right, no token of the API, no Service, nothing to write but its folders', async () => {
  const status = await mallory.call('read', { path: '/proc/self/status' })
  const fieldOf = (name: string): string[] =>
    (new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1] ?? 'absent').trim().split(/\s+/).filter(Boolean)
  expect(fieldOf('Uid')).toEqual(Array(4).fill('64536'))
  expect(fieldOf('Gid')).toEqual(Array(4).fill('64536'))
  expect(fieldOf('Groups').filter((group) => group !== '64536')).toEqual([])
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(fieldOf(set)).toEqual(['0'.repeat(16)])
  expect(fieldOf('NoNewPrivs')).toEqual(['1'])
  expect(fieldOf('Seccomp')).toEqual(['2'])
  for (const path of ['/app/x', '/x', '/usr/x', '/mcphub/shim/x', '/run/mcphub/x', '/etc/x'])
    await expect(mallory.call('fill', { path, mebibytes: 1 }), path).rejects.toThrow(/EROFS|EACCES/)
  for (const path of ['/work/x', '/tmp/x']) expect(await mallory.call('fill', { path, mebibytes: 1 })).toBe('written')
  expect(JSON.parse(await mallory.call('readable', { folder: '/var/run/secrets' }))).toEqual({})
})

test('BOX-4: another person’s pod cannot be reached, on no port', async ({ skip }) => {
  requireProbe(skip, 'deny enforced')
  await expectShut(mallory, await ofPod(others))
})

test('BOX-4: the API server is out of reach, by its Service and by its node', async () => {
  await expectShut(mallory, await ofApiServer())
})

test('BOX-4: of the hub only the call-home port answers: no REST, no metrics, no peers, no operator, no database', async () => {
  await expectShut(mallory, await ofHub())
  for (const { status } of await gatewayPods())
    expect(await knock(mallory, { host: status?.podIP ?? '', port: CALL_HOME_PORT })).toBe('open')
})

test('BOX-4: the node’s own ports are shut', async () => {
  const { status } = await read(SANDBOXES, 'pod', own)
  await expectShut(mallory, ofNode(String(status?.['hostIP'])))
})

/** The token that the pod carries: the shim's, which the child beside it can read. */
async function stealToken(): Promise<string> {
  const files = JSON.parse(await mallory.call('readable', { folder: '/run/mcphub' })) as Record<string, string | null>
  const token = Object.values(files).find((text) => text?.startsWith('eyJ'))
  if (!token) throw new Error(`No token can be read among ${Object.keys(files).join(', ')}: nothing is shown here.`)
  return token.trim()
}

const uidOf = async (pod: string): Promise<string> => (await read(SANDBOXES, 'pod', pod)).metadata.uid

test('BOX-6: its own token opens neither the hub nor the API server', async () => {
  const token = await stealToken()
  const asBearer = await fetchHub('/api/user/me', { headers: { authorization: `Bearer ${token}` } })
  expect(asBearer.status).toBe(401)
  const server = await kubectl('config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}')
  for (const path of ['/api', `/api/v1/namespaces/${SANDBOXES}/pods`]) {
    const ask = ['curl', '-sk', '--max-time', '10', '-o', '/dev/null', '-w', '%{http_code}']
    expect(await run([...ask, '-H', `Authorization: Bearer ${token}`, `${server}${path}`])).toBe('401')
  }
})

/** Status of a call-home that says it comes from that pod. */
async function callHome(from: Session, podName: string, podUid: string, token: string): Promise<string> {
  const [gateway] = await gatewayPods()
  const body = { version: 1, podName, podUid, port: SHIM_PORT, fingerprint: 'ab'.repeat(32) }
  const host = gateway?.status?.podIP ?? ''
  return from.call('post', { host, port: CALL_HOME_PORT, path: '/internal/call-home', token, body })
}

test('BOX-6: it names its own pod alone, and that one’s certificate is known already', async () => {
  const token = await stealToken()
  expect(await callHome(mallory, others, await uidOf(others), token)).toBe('403')
  // as a thief of the token would, from another address
  expect(await callHome(victim, own, await uidOf(own), token)).toBe('403')
  expect(await callHome(mallory, own, await uidOf(own), token)).toBe('409')
  expect(await callHome(mallory, own, await uidOf(own), 'eyJub25l')).toBe('409')
})

const greet = async (host: string, pod: string): Promise<string> =>
  mallory.call('greet', { host, port: SHIM_PORT, podUid: await uidOf(pod) })

test('BOX-6: its own shim refuses whoever is no gateway, however well it knows the words', async () => {
  for (const host of ['127.0.0.1', await addressOf(own)]) expect(await greet(host, own)).toContain('unauthorized')
  const token = await stealToken()
  const said = await mallory.call('talk', { host: '127.0.0.1', port: SHIM_PORT, send: `MCPS\u0001${token}` })
  expect(said).not.toMatch(/WELCOME|STARTED|secret/)
})

test('BOX-4: another person’s shim hears none of those words', async ({ skip }) => {
  requireProbe(skip, 'deny enforced')
  expect(await greet(await addressOf(others), others)).toBe('silence')
})

test('BOX-6: its pod gone, the token is worth nothing at once, though the API server remembers it for ten seconds', async () => {
  const token = await stealToken()
  const uid = await uidOf(own)
  await inSandboxes('delete', 'pod', own, '--wait=true', '--grace-period=1')
  const next = await podOf(mallory)
  expect(await uidOf(next)).not.toBe(uid)
  expect(await callHome(mallory, own, uid, token)).toBe('503')
  // it speaks for no other pod of its own person either
  expect(await callHome(mallory, next, await uidOf(next), token)).toBe('409')
  own = next
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

test('BOX-9: a fork bomb stays in its pod', async () => {
  const wanted = 600
  // its program or its shim may be what cannot go on, and the call ends with it
  const said = await mallory.call('forkMany', { count: wanted }).catch(String)
  if (/^\d+$/.test(said)) {
    expect(Number(said)).toBeGreaterThan(10)
    expect(Number(said)).toBeLessThan(wanted)
  } else expect(said).toMatch(/EAGAIN|"hostile" (ended|was lost) during the call/)
  expect(await victim.call('nonce', { challenge: 'x' })).toBe(
    createHmac('sha256', 'secret-of-victim').update('x').digest('hex'),
  )
})

test('BOX-9: a memory bomb ends its own program or pod; the neighbour does not notice', async () => {
  const before = await placeOf(victim)
  await expect(mallory.call('hog')).rejects.toThrow()
  expect(await placeOf(victim)).toBe(before)
  await waitUntil('the attacker is served again: the hub bears no grudge', () => mallory.call('count'), 90_000)
})

test('BOX-9: a full disk is its own: a folder ends at its limit', { timeout: 240_000 }, async () => {
  const before = await placeOf(victim)
  const attacked = await placeOf(mallory)
  const said = await mallory.call('fill', { path: '/tmp/big', mebibytes: 320 }, { timeoutMs: 100_000 }).catch(String)
  // its limit is 256 MiB, a quarter of the work folder's: the kubelet measures now and then and evicts; a quota of the file system is faster
  if (said === 'written')
    await waitUntil(
      'the pod is evicted',
      async () => (await placeOf(mallory).catch(() => attacked)) !== attacked,
      150_000,
    )
  expect(await placeOf(victim)).toBe(before)
})
