// The mirror operator on a real API server, under what can be done to one: killed at every call, two that believe to lead, a history that is forgotten
// in the middle of a list, clocks that are wrong. The same end as on the fake (perturbations.int.test.ts), where everything else is done.
// It runs where MCPHUB_TEST_KUBECONFIG names a cluster; MCPHUB_TEST_ETCD is the address of its etcd.
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { KubeClient } from './client.ts'
import type { Credentials } from './credentials.ts'
import { KubeHttp, type KubeRequest } from './http.ts'
import { KubeError } from './kube-error.ts'
import { readKubeconfig } from './kubeconfig.ts'
import { LeaderElector } from './leader-elector.ts'
import { CONFIG_MAPS, type KubeObject, type Resource, type Stored } from './objects.ts'
import { AFTER_CHANGE, AFTER_CREATE, launchMirror, MirrorStory, type RunningMirror } from './testing/mirror-story.ts'

const kubeconfig = process.env['MCPHUB_TEST_KUBECONFIG']
const etcd = process.env['MCPHUB_TEST_ETCD']
const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false }
const namespace = `perturbed-${randomUUID().slice(0, 8)}`

let credentials: Credentials
let http: KubeHttp
let client: KubeClient
const end = new AbortController()
/** what the watch of a bystander tells: what there is, and how often a name came to be */
const there = new Map<string, KubeObject & Stored>()
const births = new Map<string, number>()
let following: Promise<void>

async function follow(resourceVersion: string): Promise<void> {
  const query = { namespace, labelSelector: 'mirror', resourceVersion, timeoutSeconds: 600, signal: end.signal }
  for await (const { type, object } of client.watch(CONFIG_MAPS, query)) {
    const { name } = object.metadata
    if (type === 'ADDED') births.set(name, (births.get(name) ?? 0) + 1)
    if (type === 'DELETED') there.delete(name)
    else if (type !== 'BOOKMARK') there.set(name, object as KubeObject & Stored)
  }
}

beforeAll(async () => {
  if (!kubeconfig) return
  credentials = await readKubeconfig(kubeconfig)
  http = new KubeHttp({ credentials, userAgent: 'bystander' })
  client = new KubeClient(http)
  await client.create(NAMESPACES, { metadata: { name: namespace } })
  const { resourceVersion } = await client.listPage(CONFIG_MAPS, { namespace })
  following = follow(resourceVersion).catch((error: unknown) => {
    if (!end.signal.aborted) throw error
  })
})
afterAll(async () => {
  if (!kubeconfig) return
  end.abort()
  await following
  await client.delete(NAMESPACES, { name: namespace })
  await http.destroy()
})

const running: RunningMirror[] = []
beforeEach(() => births.clear())
afterEach(async () => {
  for (const operator of running.splice(0)) await operator.kill()
})

/** Asked before each call, with the call's number from 1; what it throws is the call's end. */
type Before = (request: KubeRequest, count: number) => void | Promise<void>
/** What comes instead of an answer. */
type After = (count: number) => void

class WatchedHttp extends KubeHttp {
  readonly #before: Before
  readonly #after: After
  #calls = 0

  constructor(agent: string, before: Before = () => undefined, after: After = () => undefined) {
    super({ credentials, userAgent: agent })
    this.#before = before
    this.#after = after
  }

  override async request<T>(request: KubeRequest): Promise<T> {
    const count = ++this.#calls
    await this.#before(request, count)
    const answer = await super.request<T>(request)
    this.#after(count)
    return answer
  }
}

function launch(own: KubeHttp, { identity }: { identity?: string } = {}): RunningMirror {
  const operator = launchMirror(own, namespace, identity)
  running.push(operator)
  return operator
}

const story = new MirrorStory({ client: () => client, namespace, list: () => there.values() })
const eachBornOnce = (): void => expect([...births].filter(([, times]) => times !== 1)).toEqual([])

const lost = (): never => {
  throw new KubeError({ call: 'any', code: 0, reason: 'Transport', text: 'it was killed' })
}

/** Lets the operator make k calls; then it dies, with that call lost or its answer lost, and another takes its place. */
async function killAt(k: number, drop: 'before' | 'after'): Promise<boolean> {
  let first: RunningMirror | null = null
  const died = Promise.withResolvers<boolean>()
  const die = (count: number): void => {
    if (count < k) return
    died.resolve(true)
    void first?.kill()
    lost()
  }
  first = launch(
    drop === 'before'
      ? new WatchedHttp('operator-1', (_request, count) => die(count))
      : new WatchedHttp('operator-1', () => undefined, die),
  )
  const telling = story.tell()
  const isDead = await Promise.race([telling.then(() => false), died.promise])
  if (isDead) launch(new WatchedHttp('operator-2'))
  await telling
  return isDead
}

const askEtcd = async (path: string, body: object): Promise<{ header: { revision: string } }> =>
  (await (await fetch(`${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })).json()) as {
    header: { revision: string }
  }
/** by which API servers tell each other up to where they forgot */
const COMPACTED = 'compact_rev_key'

/** The API server knows nothing any more of what was before: an earlier list cannot go on. It looks every 15 s whether that is so. */
async function forgetHistory(): Promise<void> {
  const { next } = await client.listPage(CONFIG_MAPS, { namespace }, { limit: 1 })
  await client.patch(CONFIG_MAPS, story.ref('x'), { type: 'merge', body: { metadata: { labels: { cut: 'yes' } } } })
  const { header } = await askEtcd('range', { key: encode('none') })
  await askEtcd('put', { key: encode(COMPACTED), value: encode(header.revision) })
  await askEtcd('compaction', { revision: header.revision, physical: true })
  const goOn = (): Promise<unknown> => client.listPage(CONFIG_MAPS, { namespace }, { limit: 1, next })
  await vi.waitFor(() => expect(goOn()).rejects.toMatchObject({ reason: 'Expired' }), {
    timeout: 30_000,
    interval: 100,
  })
}
const encode = (text: string): string => Buffer.from(text).toString('base64')

describe.skipIf(!kubeconfig)('on a real API server', () => {
  test.each(['before', 'after'] as const)(
    'killed at every call in turn, %s it is done: the same end',
    async (drop) => {
      for (let k = 1; ; k++) {
        const isDead = await killAt(k, drop)
        eachBornOnce()
        for (const operator of running.splice(0)) await operator.kill()
        births.clear()
        if (isDead) continue
        // every call of the story was somebody's last
        expect(k).toBeGreaterThan(10)
        return
      }
    },
    120_000,
  )

  test('two that both believe to lead: the same end, nothing made twice', async () => {
    launch(new WatchedHttp('operator-1'))
    launch(new WatchedHttp('operator-2'))
    await story.tell()
    eachBornOnce()
  })

  test.skipIf(!etcd)(
    'a history that is forgotten in the middle of a list',
    async () => {
      for (const name of ['x', 'y', 'z']) await story.create(name)
      const refused: string[] = []
      let isCut = false
      class CutHttp extends WatchedHttp {
        override async request<T>(request: KubeRequest): Promise<T> {
          if (!request.path.includes('continue=') || isCut) return super.request<T>(request)
          isCut = true
          await forgetHistory()
          return super.request<T>(request).catch((error: unknown) => {
            refused.push(error instanceof KubeError ? error.reason : String(error))
            throw error
          })
        }
      }
      launch(new CutHttp('operator'))
      await vi.waitFor(() => expect(story.world()).toHaveLength(12), { timeout: 45_000 })
      eachBornOnce()
      expect(refused).toEqual(['Expired'])
      for (const name of ['x', 'y', 'z']) await story.remove(name)
      await story.reach([])
    },
    60_000,
  )

  test('one leads; when it is killed the other goes on, and had written nothing before', async () => {
    const writes: string[] = []
    const first = launch(new WatchedHttp('operator-1'), { identity: 'one' })
    await story.create('a')
    await story.reach(AFTER_CREATE)
    const notes: Before = ({ method, path }) => {
      if (method !== 'GET' && !path.includes('/leases')) writes.push(`${method} ${path}`)
    }
    launch(new WatchedHttp('operator-2', notes), { identity: 'two' })
    await story.change('a')
    await story.reach(AFTER_CHANGE)
    expect(writes).toEqual([])
    await first.kill()
    await story.remove('a')
    await story.reach([])
    eachBornOnce()
    expect(writes.length).toBeGreaterThan(0)
  })

  test.each([-600_000, 600_000])('a silent holder is followed, though its clock was off by %d ms', async (offMs) => {
    onTestFinished(() => void vi.useRealTimers())
    const elect = (identity: string): LeaderElector =>
      new LeaderElector({
        client,
        namespace,
        name: `clock-${offMs}`,
        identity,
        leaseSeconds: 1,
        renewDeadlineMs: 700,
        // it never renews in this test
        retryMs: identity === 'wrong' ? 60_000 : 50,
      })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + offMs })
    const [wrong, right] = [elect('wrong'), elect('right')]
    expect(await wrong.acquire(end.signal)).toBe(true)
    vi.useRealTimers()
    const began = performance.now()
    expect(await right.acquire(end.signal)).toBe(true)
    expect(performance.now() - began).toBeGreaterThan(900)
    expect(wrong.isLeading).toBe(false)
    await Promise.all([wrong.release(), right.release()])
  })
})
