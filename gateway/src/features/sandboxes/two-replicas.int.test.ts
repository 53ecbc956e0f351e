// The console at a replica that is not attached to anybody's sandbox, on real sockets in front of real pods' shims: people hear, stop and restart
// their own, and nobody learns of what is another's.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildShim, hasGo, makePodServer, PodWorld, type Replica } from '../../../../test/kit/pod-world.ts'
import { openRestWorld, startRestHub, type RestHub } from '../../../../test/kit/rest-hub.ts'
import type { Person } from '../../../../test/kit/rest.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Child } from '../../sandboxes/sandboxes.ts'

const SECRET = 'token-of-alice-42'
const SERVER = 'hostile'

let pods: PodWorld
let near: Replica
let far: Replica
/** in front of `far` */
let hub: RestHub
let alice: Person
let bob: Person
let admin: Person

beforeAll(async () => {
  if (!hasGo) return
  buildShim()
  pods = await PodWorld.open()
  far = await pods.startReplica()
  near = await pods.startReplica()
  hub = await startRestHub(await openRestWorld(pods.opened.test.url), { running: far.sandboxes })
  admin = await hub.addPerson('root', 'admin')
  alice = await hub.addPerson('alice')
  bob = await hub.addPerson('bob')
  const stdio = { package: { npm: { name: 'hostile', version: '1.0.0' } } }
  hub.catalog.set({ servers: { [SERVER]: { type: 'Stdio', access: 'Everyone', stdio } } })
  hub.calledUpstreams.servers.set(SERVER, {})
  await waitUntil(() => !far.peers.isAlone, 'replicas that know each other')
}, 300_000)
afterAll(async () => {
  await hub?.stop()
  await pods?.close()
})

const start = ({ id, username }: Person): Promise<Child> =>
  near.sandboxes.acquire({
    server: makePodServer(),
    owner: { userId: id, username, sessionId: null, discovery: false },
    args: ['serve'],
    env: new Map([['TOKEN', new Secret(SECRET)]]),
    fingerprint: 'one',
    maxRunningPerUser: null,
    groups: [],
  })
const write = (child: Child, text: string): void =>
  void child.write(JSON.stringify({ jsonrpc: '2.0', method: 'stderr', params: { bytes: text.length, text } }))
const ask = async ({ session }: Person, method: string, path: string): Promise<number> =>
  (await hub.send(method, path, { session, isEndless: true })).status

describe.skipIf(!hasGo)('through the replica that is not attached', () => {
  test('R6-6, SES-8: stderr comes live, values hidden, to its person alone; to everybody else it is not there', async () => {
    const child = await start(alice)
    const path = `/api/sandboxes/${child.sandboxId}`
    write(child, `before ${SECRET}\n`)
    await waitUntil(
      async () => (await far.sandboxes.output(child.sandboxId, null))?.text === 'before [redacted]\n',
      'the first line',
    )
    const writes = pods.pods.sandboxWrites
    const answer = await fetch(`${hub.url}${path}/logs/stream`, {
      headers: { cookie: `mcphub_session=${alice.session}`, 'sec-fetch-site': 'same-origin' },
    })
    expect(answer.status).toBe(200)
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    let stream = ''
    const hear = async (wanted: string): Promise<void> => {
      while (!stream.includes(wanted)) stream += (await reader.read()).value ?? expect.fail('the stream is over')
    }
    await hear('data: {"text":"before [redacted]\\n"}')
    write(child, `after ${SECRET}\n`)
    await hear('data: {"text":"after [redacted]\\n"}')
    expect(stream).not.toMatch(/unheard|gap|token-of-alice/)
    await reader.cancel()
    for (const stranger of [bob, admin])
      for (const [method, what] of [
        ['GET', '/logs'],
        ['GET', '/logs/stream'],
        ['POST', '/restart'],
      ] as const)
        expect([what, await ask(stranger, method, `${path}${what}`)]).toEqual([what, 404])
    expect(await ask(bob, 'DELETE', path)).toBe(404)
    expect((await hub.send('GET', '/api/sandboxes', { session: bob.session })).json).toMatchObject({ items: [] })
    const { json } = await hub.send('GET', '/api/sandboxes', { session: alice.session })
    expect(json).toMatchObject({ items: [{ id: child.sandboxId, pid: expect.any(Number) as number }] })
    expect([pods.pods.sandboxWrites, pods.pods.pods.size]).toEqual([writes, 1])
  })

  test('SES-8: what is nobody’s is for administrators, there as here', async () => {
    const child = await near.acquire(null)
    write(child, 'of nobody\n')
    const path = `/api/sandboxes/${child.sandboxId}/logs`
    await waitUntil(
      async () => (await hub.send('GET', path, { session: admin.session })).text.includes('of nobody'),
      'what it said',
    )
    expect(await ask(alice, 'GET', path)).toBe(404)
  })

  test('R6-6: restart ends the process there and starts it for its person; stop ends it for good', async () => {
    const path = (child: Child): string => `/api/sandboxes/${child.sandboxId}`
    const first = await start(alice)
    expect(await ask(alice, 'POST', `${path(first)}/restart`)).toBe(204)
    expect(hub.calledUpstreams.described).toEqual([{ server: SERVER, userId: alice.id }])
    const second = await start(alice)
    expect(second.incarnation).not.toBe(first.incarnation)
    expect(await ask(alice, 'DELETE', path(second))).toBe(204)
    await waitUntil(
      () => ![...pods.pods.pods.values()].some(({ sandbox }) => sandbox === second.sandboxId),
      'its pod is gone',
    )
  })
})
