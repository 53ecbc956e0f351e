// Who may say that it is the shim of which pod, and whom a shim and a gateway believe after that: attacks on the call-home and on the connection.
import { randomBytes, X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import { type AddressInfo, connect as dial } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import type { KubeObject, Stored } from '@mcphub/kube'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { HostileTalk } from '../../../../test/kit/hostile-sandboxes.ts'
import { NAMESPACE } from '../../../../test/kit/fake-pods.ts'
import { buildShim, hasGo, PodWorld, type Replica, REVIEWER } from '../../../../test/kit/pod-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { CALLER_LIMITS } from './callers.ts'
import { encodeFrame, FRAMES, PREAMBLE } from './frames.ts'
import { createPgShimStore } from './pg-shim-store.ts'
import { ShimLink } from './shim-link.ts'

let world: PodWorld
let hub: Replica

beforeAll(async () => {
  if (hasGo) buildShim()
  world = await PodWorld.open()
  hub = await world.startReplica()
}, 300_000)
afterAll(() => world.close())

const FINGERPRINT = 'ab'.repeat(32)
type Pod = KubeObject & Stored
const idOf = ({ metadata }: Pod): { name: string; uid: string } => ({ name: metadata.name, uid: metadata.uid })
const bodyOf = ({ metadata }: Pod, change: object = {}): object => ({
  version: 1,
  podName: metadata.name,
  podUid: metadata.uid,
  port: 8477,
  fingerprint: FINGERPRINT,
  ...change,
})

interface Knock {
  readonly from?: string
  readonly token?: string
  readonly body?: unknown
  readonly path?: string
  readonly method?: string
}

/** @returns the status, or the word for a connection that was ended */
function knock({ token, body = '', path, method = 'POST', from = '127.0.0.1' }: Knock): Promise<number | string> {
  const url = new URL(world.pods.callHomeUrl)
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const options = { method, ca: hub.trust.certificate().ca, headers, agent: false as const, localAddress: from }
  return new Promise((resolve) => {
    const sent = request(new URL(path ?? url.pathname, url), options, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    sent.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
}

const rows = (): Promise<readonly { podUid: string; fingerprint: string }[]> =>
  createPgShimStore(world.opened.database).list(null)
const isKnown = async ({ metadata }: Pod): Promise<boolean> =>
  (await rows()).some(({ podUid }) => podUid === metadata.uid)

describe('call-home', () => {
  test('a pod that shows its own token is written down once, however often it calls; its first word stays', async () => {
    const pod = await world.pods.createPod(null)
    const token = world.pods.issueToken(idOf(pod))
    expect(await knock({ token, body: bodyOf(pod) })).toBe(204)
    expect(await knock({ token, body: bodyOf(pod) })).toBe(204)
    expect(await knock({ token, body: bodyOf(pod, { fingerprint: 'cd'.repeat(32) }) })).toBe(409)
    expect(await knock({ token, body: bodyOf(pod, { port: 22 }) })).toBe(409)
    expect((await rows()).filter(({ podUid }) => podUid === pod.metadata.uid)).toMatchObject([
      { fingerprint: FINGERPRINT, port: 8477 },
    ])
  })

  test('BOX-6: a token for another audience, of another pod, of nobody, or none: nothing is written', async () => {
    const [pod, other] = [await world.pods.createPod(null), await world.pods.createPod(null)]
    const body = bodyOf(pod)
    const tokens = [
      world.pods.issueToken(idOf(pod), 'https://kubernetes.default.svc'),
      world.pods.issueToken(idOf(other)),
      world.pods.issueToken({ name: pod.metadata.name, uid: other.metadata.uid }),
      world.pods.issueToken({ name: other.metadata.name, uid: pod.metadata.uid }),
      'made-up',
      undefined,
    ]
    for (const token of tokens) expect(await knock({ body, ...(token ? { token } : {}) })).toBe(401)
    expect([await isKnown(pod), await isKnown(other)]).toEqual([false, false])
  })

  test('BOX-6: a pod that has the address of another, a pod that is being deleted, a pod that is gone', async () => {
    const elsewhere = await world.pods.createPod(null, '127.0.0.99')
    expect(await knock({ token: world.pods.issueToken(idOf(elsewhere)), body: bodyOf(elsewhere) })).toBe(403)
    const ending = await world.pods.createPod(null)
    const { name } = ending.metadata
    const resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }
    await world.pods.client.delete(resource, { namespace: NAMESPACE, name })
    const token = world.pods.issueToken(idOf(ending))
    await waitUntil(async () => (await knock({ token, body: bodyOf(ending) })) === 410, 'the watch knows')
    expect(await isKnown(ending)).toBe(false)
    const patch = { type: 'merge' as const, body: { metadata: { finalizers: null } } }
    await world.pods.client.patch(resource, { namespace: NAMESPACE, name }, patch)
    // its token is good for some seconds more, its pod is not
    await waitUntil(async () => (await knock({ token, body: bodyOf(ending) })) === 503, 'the watch knows')
    // another pod that got its address and found its token
    const heir = await world.pods.createPod(null)
    expect(await knock({ token, body: bodyOf(heir) })).toBe(401)
    expect(await Promise.all([elsewhere, ending, heir].map(isKnown))).toEqual([false, false, false])
  })

  test('a pod that the watch has not told of yet is waited for', async () => {
    const podUid = 'not-yet'
    const body = { version: 1, podName: 'late', podUid, port: 1, fingerprint: FINGERPRINT }
    const began = performance.now()
    expect(await knock({ token: world.pods.issueToken({ name: 'late', uid: podUid }), body })).toBe(503)
    expect(performance.now() - began).toBeGreaterThan(1_900)
  })

  test('other paths, methods, bodies and sizes are refused; a silent connection is ended; no token is logged', async () => {
    const pod = await world.pods.createPod(null)
    const token = world.pods.issueToken(idOf(pod))
    const body = bodyOf(pod)
    expect(await knock({ token, body, path: '/' })).toBe(400)
    expect(await knock({ token, method: 'GET' })).toBe(400)
    expect(await knock({ token, body: '{' })).toBe(400)
    expect(await knock({ token, body: bodyOf(pod, { version: 2 }) })).toBe(400)
    expect(await knock({ token, body: bodyOf(pod, { fingerprint: '../../etc' }) })).toBe(400)
    expect([400, 'EPIPE', 'ECONNRESET']).toContain(await knock({ token, body: { ...body, pad: 'x'.repeat(100_000) } }))
    expect(await isKnown(pod)).toBe(false)
    const { hostname, port } = new URL(world.pods.callHomeUrl)
    const silent = connect({ host: hostname, port: Number(port), ca: hub.trust.certificate().ca })
    onTestFinished(() => void silent.destroy())
    silent.on('error', () => undefined)
    silent.resume()
    const ended = new Promise<number>((resolve) => {
      const began = performance.now()
      silent.once('close', () => resolve(performance.now() - began))
    })
    expect(await ended).toBeLessThan(8_000)
    expect(JSON.stringify(world.logLines)).not.toContain(token)
  })

  test('one address that holds all the connections it gets keeps no other pod out', async () => {
    const url = world.pods.callHomeUrl
    await world.startReplica({ callers: CALLER_LIMITS })
    const strict = new URL(world.pods.callHomeUrl)
    onTestFinished(() => void (world.pods.callHomeUrl = url))
    let closed = 0
    const silent = Array.from({ length: 300 }, () =>
      dial({ host: strict.hostname, port: Number(strict.port), localAddress: '127.0.0.2' }),
    )
    onTestFinished(() => silent.forEach((socket) => void socket.destroy()))
    for (const socket of silent) socket.on('error', () => undefined).once('close', () => void (closed += 1))
    await waitUntil(() => closed >= 296, 'all but four are ended')
    expect(closed).toBe(296)
    const pod = await world.pods.createPod(null)
    expect(await knock({ token: world.pods.issueToken(idOf(pod)), body: bodyOf(pod) })).toBe(204)
  })

  test('made-up tokens for pods that are not there, or live elsewhere, cost no token review and few log lines', async () => {
    const reviews = (): number => world.pods.fake.calls.filter(({ path }) => path.includes('tokenreviews')).length
    const pod = await world.pods.createPod(null)
    const before = reviews()
    const logged = world.logLines.length
    const nobody = { version: 1, podName: 'nobody', podUid: 'nobody', port: 1, fingerprint: FINGERPRINT }
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, () => knock({ token: 'made-up', body: nobody })),
      ...Array.from({ length: 20 }, () => knock({ token: 'made-up', body: bodyOf(pod), from: '127.0.0.2' })),
    ])
    expect(answers).toEqual([...Array<number>(20).fill(503), ...Array<number>(20).fill(403)])
    expect(reviews()).toBe(before)
    expect(world.logLines.length - logged).toBeLessThan(10)
    // who is known is not asked again
    const token = world.pods.issueToken(idOf(pod))
    for (const _ of [1, 2]) expect(await knock({ token, body: bodyOf(pod) })).toBe(204)
    expect(reviews()).toBe(before + 1)
  })

  test('reviews are asked for by a client of their own, so that no flood of them keeps a lease or a wake waiting', async () => {
    const pod = await world.pods.createPod(null)
    expect(await knock({ token: world.pods.issueToken(idOf(pod)), body: bodyOf(pod) })).toBe(204)
    const { calls } = world.pods.fake
    const agentsOf = (isReview: boolean): string[] => [
      ...new Set(calls.filter(({ path }) => path.includes('tokenreviews') === isReview).map((call) => call.userAgent)),
    ]
    expect(agentsOf(true)).toEqual([REVIEWER])
    expect(agentsOf(false)).toContain('gateway')
    expect(agentsOf(false)).not.toContain(REVIEWER)
  })
})

describe('pings of a shim', () => {
  /** A link to a shim that only says WELCOME, and the shim's end of it. */
  async function open(): Promise<{ link: ShimLink; socket: TLSSocket }> {
    const { key, cert } = hub.trust.certificate()
    const accepted = Promise.withResolvers<TLSSocket>()
    const shim = createServer({ key, cert, minVersion: 'TLSv1.3' }, (socket) => {
      socket.on('error', () => undefined)
      socket.write(Buffer.concat([PREAMBLE, encodeFrame(FRAMES.WELCOME, 0, '{}')]))
      accepted.resolve(socket)
    })
    await new Promise<void>((resolve) => shim.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void shim.close())
    const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()
    const address = { host: '127.0.0.1', port: (shim.address() as AddressInfo).port, fingerprint, podUid: 'u' }
    const sign = (): Buffer => randomBytes(64)
    const link = await ShimLink.attach({ ...address, replica: 'r', prefix: 'p-', sign, now: Date.now })
    onTestFinished(() => link.close())
    return { link, socket: await accepted.promise }
  }

  test('one of 64 bytes is echoed, a longer one ends the connection', async () => {
    const { link, socket } = await open()
    const heard: Buffer[] = []
    socket.on('data', (bytes: Buffer) => void heard.push(bytes))
    const longest = randomBytes(64)
    socket.write(encodeFrame(FRAMES.PING, 0, longest))
    const echo = encodeFrame(FRAMES.PONG, 0, longest)
    await waitUntil(() => Buffer.concat(heard).includes(echo), 'the echo')
    expect(link.isOpen).toBe(true)
    socket.write(encodeFrame(FRAMES.PING, 0, randomBytes(65)))
    await waitUntil(() => !link.isOpen, 'its end')
  })

  test('who does not read gets no echoes: what waits for it here is bounded', async () => {
    const { link, socket } = await open()
    const ping = encodeFrame(FRAMES.PING, 0, randomBytes(64))
    const flood = Buffer.alloc(ping.length * 10_000, ping)
    const rounds = 60
    for (let round = 0; round < rounds; round++) await new Promise((resolve) => socket.write(flood, resolve))
    // what the two sockets hold is the kernel's
    let echoed = 0
    let last = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      echoed += bytes.length
      last = Buffer.concat([last, bytes]).subarray(-2 * ping.length)
    })
    const mark = randomBytes(64)
    await waitUntil(() => {
      socket.write(encodeFrame(FRAMES.PING, 0, mark))
      return last.includes(mark)
    }, 'an echo, once it reads')
    expect(link.isOpen).toBe(true)
    expect(echoed).toBeLessThan((rounds * flood.length) / 2)
  })
})

describe.skipIf(!hasGo)('the connection', () => {
  /** A real pod, and what another gateway would need to attach to it. */
  async function open(user: string) {
    const child = await hub.acquire(user)
    const pod = world.pods.podOf(child.sandboxId)
    const [row] = await createPgShimStore(world.opened.database).list([pod.uid])
    const address = { host: '127.0.0.1', port: await pod.shimPort, fingerprint: row!.fingerprint, podUid: pod.uid }
    const replica = `other-${randomBytes(3).toString('hex')}`
    const sign = (text: Buffer): Buffer => hub.trust.sign(text)
    return { child, pod, options: { ...address, replica, prefix: `${replica.slice(6)}-`, sign, now: Date.now } }
  }

  test('BOX-6: a shim with another certificate gets not a byte, not even the HELLO', async () => {
    const { options } = await open('alice')
    await expect(ShimLink.attach({ ...options, fingerprint: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'other_certificate',
    })
    const link = await ShimLink.attach(options)
    expect(link.isOpen).toBe(true)
    link.close()
  })

  test('BOX-6: a HELLO that was signed for another connection, pod or replica is refused', async () => {
    const { options } = await open('alice')
    const other = await open('bob')
    let heard: Buffer = Buffer.alloc(0)
    const listening = (text: Buffer): Buffer => (heard = hub.trust.sign(text))
    const link = await ShimLink.attach({ ...options, sign: listening })
    link.close()
    const attempts = [
      { ...options, sign: () => heard },
      { ...other.options, sign: () => heard },
      { ...options, podUid: other.options.podUid },
      { ...options, sign: () => randomBytes(64) },
    ]
    for (const attempt of attempts)
      await expect(ShimLink.attach(attempt)).rejects.toMatchObject({ code: 'unauthorized' })
  })

  test('a rotated signing key is believed at once; a pod that knows only older ones is not reached in vain for ever', async () => {
    const { child, options } = await open('alice')
    await hub.trust.rotate()
    const link = await ShimLink.attach(options)
    expect(link.isOpen).toBe(true)
    link.close()
    // the pod's files are as they were, and this key is in none of them
    await hub.trust.rotate()
    await expect(ShimLink.attach(options)).rejects.toMatchObject({ code: 'unauthorized' })
    expect(await new HostileTalk(child).get('echo', { still: 1 })).toEqual({ still: 1 })
  })

  test('rows of pods that are gone are forgotten', async () => {
    const { pod, child } = await open('erin')
    await world.pods.delete(pod, 'SIGKILL')
    await new Promise<void>((resolve) => child.onExit(() => resolve()))
    const { ShimDirectory } = await import('./shim-directory.ts')
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const store = createPgShimStore(world.opened.database)
    const changes = { subscribe: () => () => undefined }
    const directory = new ShimDirectory({ store, changes, isThere: (uid) => uid !== pod.uid, log, sweepMs: 20 })
    await directory.start()
    onTestFinished(() => directory.stop())
    await waitUntil(async () => (await store.list([pod.uid])).length === 0, 'the row is gone')
    expect(directory.find(pod.uid)).toBeUndefined()
    expect((await store.list(null)).length).toBeGreaterThan(0)
  })
})
