// The mirror operator under everything that goes wrong between an operator and its API server. Each time the same end: the copies that are
// wanted, made once each, none left over; and an operator at rest writes nothing.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { KubeClient } from './client.ts'
import { fixedCredentials } from './credentials.ts'
import { KubeHttp } from './http.ts'
import { CONFIG_MAPS } from './objects.ts'
import { FakeApiServer } from './testing/fake-api-server.ts'
import type { FakeCall } from './testing/fake-request.ts'
import { isWrite, type FaultAction } from './testing/faults.ts'
import { AFTER_CHANGE, AFTER_CREATE, launchMirror, MirrorStory, type RunningMirror } from './testing/mirror-story.ts'

const namespace = 'default'

let server: FakeApiServer
/** name → how often an object of that name came to be */
let births: Map<string, number>
let user: KubeHttp
let client: KubeClient
const running: RunningMirror[] = []
beforeEach(async () => {
  server = await FakeApiServer.start({ bookmarkMs: 50 })
  births = new Map()
  server.storage.since(0, ({ type, object: { metadata } }) => {
    if (type === 'ADDED') births.set(metadata.name, (births.get(metadata.name) ?? 0) + 1)
  })
  user = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'user' })
  client = new KubeClient(user)
})
afterEach(async () => {
  for (const operator of running.splice(0)) await operator.kill()
  await user.destroy()
  await server.stop()
})

function launch(agent: string, identity?: string): RunningMirror {
  const http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: agent, silenceMs: 300 })
  const operator = launchMirror(http, namespace, identity)
  running.push(operator)
  return operator
}

const byOperator = ({ userAgent }: FakeCall): boolean => userAgent.startsWith('operator')
const writes = (): number => server.calls.filter((call) => byOperator(call) && isWrite(call)).length

const story = new MirrorStory({
  client: () => client,
  namespace,
  list: () => server.storage.list('configmaps', namespace),
})

/** Nothing was written for a span: there is no word that nothing more will be. */
async function settle(): Promise<void> {
  for (let last = -1; last !== writes();) {
    last = writes()
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
}

const eachBornOnce = (): void => expect([...births].filter(([, times]) => times !== 1)).toEqual([])

test('in peace: the whole story with as few writes as it needs, and none at rest', async () => {
  launch('operator')
  await story.tell()
  eachBornOnce()
  // hold, three copies, done; two copies, one gone, done; two gone, let go: 12, and what a store that is behind repeats without effect
  expect(writes()).toBeLessThanOrEqual(18)
  await story.create('a')
  await story.reach(AFTER_CREATE)
  await settle()
  const before = writes()
  server.cutWatches()
  await client.patch(CONFIG_MAPS, story.ref('a'), { type: 'merge', body: { metadata: { labels: { other: 'x' } } } })
  await vi.waitFor(() => expect(server.openWatches).toBe(1))
  await settle()
  expect(writes()).toBe(before)
})

describe('killed', () => {
  /** Lets the operator make k calls; then it dies, with that call lost or its answer lost, and another takes its place. */
  async function killAt(k: number, drop: 'before' | 'after'): Promise<boolean> {
    let calls = 0
    let dying: Promise<void> | null = null
    const first = launch('operator-1')
    const undo = server.inject({
      when: (call) => {
        if (call.userAgent !== 'operator-1' || call.watch) return false
        if (++calls < k) return false
        dying ??= first.kill()
        return true
      },
      act: { drop },
    })
    const telling = story.tell()
    const deathOrEnd = await Promise.race([telling.then(() => false), first.ended.then(() => true)])
    undo()
    if (deathOrEnd) launch('operator-2')
    await telling
    return deathOrEnd
  }

  test.each(['before', 'after'] as const)(
    'at every call in turn, %s it is done: the same end',
    async (drop) => {
      for (let k = 1; ; k++) {
        const died = await killAt(k, drop)
        eachBornOnce()
        for (const operator of running.splice(0)) await operator.kill()
        births.clear()
        if (!died) {
          // every call of the story was somebody's last
          expect(k).toBeGreaterThan(10)
          return
        }
      }
    },
    120_000,
  )
})

describe('one fault, always the same end', () => {
  const anyCall = byOperator
  const faults: [string, { when: (call: FakeCall) => boolean; act: FaultAction; times: number }][] = [
    [
      'every write conflicts five times',
      {
        when: (call) => byOperator(call) && isWrite(call),
        act: { answer: { code: 409, reason: 'Conflict' } },
        times: 5,
      },
    ],
    [
      '429 with Retry-After',
      { when: anyCall, act: { answer: { code: 429, reason: 'TooManyRequests', retryAfterSeconds: 0.01 } }, times: 12 },
    ],
    [
      '500 now and then',
      {
        when: (call) => byOperator(call) && server.calls.length % 3 === 0,
        act: { answer: { code: 500, reason: 'InternalError' } },
        times: 15,
      },
    ],
    [
      'connections that break before',
      { when: (call) => byOperator(call) && server.calls.length % 2 === 0, act: { drop: 'before' }, times: 15 },
    ],
    [
      'connections that break after',
      { when: (call) => byOperator(call) && server.calls.length % 2 === 0, act: { drop: 'after' }, times: 15 },
    ],
    ['watches that are silent', { when: (call) => byOperator(call) && call.watch, act: { silent: true }, times: 3 }],
    ['watches that talk nonsense', { when: (call) => byOperator(call) && call.watch, act: { garble: true }, times: 3 }],
    ['slow answers', { when: anyCall, act: { delayMs: 30 }, times: 20 }],
  ]
  test.each(faults)('%s', async (_what, fault) => {
    server.inject(fault)
    launch('operator')
    await story.tell()
    eachBornOnce()
  })

  test('watches cut and history forgotten, over and over', async () => {
    launch('operator')
    let turn = 0
    const timer = setInterval(() => {
      if (turn++ % 2 === 0) server.compact()
      server.cutWatches()
    }, 15)
    try {
      await story.tell()
    } finally {
      clearInterval(timer)
    }
    eachBornOnce()
  })

  test('a list that expires in its middle', async () => {
    for (const name of ['x', 'y', 'z']) await story.create(name)
    server.inject({
      when: ({ query }) => query.has('continue'),
      act: { answer: { code: 410, reason: 'Expired' } },
      times: 3,
    })
    launch('operator')
    await vi.waitFor(() => expect(story.world()).toHaveLength(12), { timeout: 10_000 })
    eachBornOnce()
  })

  test('an API server that is away for a while', async () => {
    launch('operator')
    await story.create('a')
    await story.reach(AFTER_CREATE)
    const undo = server.inject({ when: byOperator, act: { drop: 'before' } })
    server.cutWatches()
    await story.change('a')
    const before = server.calls.length
    await vi.waitFor(() => expect(server.calls.slice(before).filter(byOperator).length).toBeGreaterThan(4), 15_000)
    undo()
    await story.reach(AFTER_CHANGE)
    eachBornOnce()
  })
})

describe('two replicas', () => {
  test('that both believe to lead: the same end, nothing made twice', async () => {
    launch('operator-1')
    launch('operator-2')
    await story.tell()
    eachBornOnce()
  })

  test('one leads; when it is killed the other goes on', async () => {
    const first = launch('operator-1', 'one')
    await vi.waitFor(() => expect(server.storage.list('leases.coordination.k8s.io', namespace)).toHaveLength(1))
    launch('operator-2', 'two')
    await story.create('a')
    await story.reach(AFTER_CREATE)
    const byTwo = server.calls.filter((call) => call.userAgent === 'operator-2' && isWrite(call))
    expect(byTwo).toHaveLength(0)
    await first.kill()
    await story.change('a')
    await story.reach(AFTER_CHANGE)
    await story.remove('a')
    await story.reach([])
    eachBornOnce()
  })

  test('a leader that cannot reach the API server says so, and the other goes on', async () => {
    const first = launch('operator-1', 'one')
    await story.create('a')
    await story.reach(AFTER_CREATE)
    launch('operator-2', 'two')
    server.inject({ when: ({ userAgent }) => userAgent === 'operator-1', act: { drop: 'before' } })
    server.cutWatches()
    expect(await first.ended).toBe('lost the lead')
    await story.change('a')
    await story.reach(AFTER_CHANGE)
    eachBornOnce()
  })
})
