// Stdio servers over real processes: handshake, ids, exits, sharing.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeOwner, makeStdio, openUpstreamWorld, type UpstreamWorld } from '../../../../test/kit/upstream-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'

const CHILD = new URL('../../../../test/kit/odd-stdio-server.ts', import.meta.url).pathname
const command = [process.execPath, CHILD]
const alice = makeOwner('alice')
const bob = makeOwner('bob')
const own = makeStdio('odd', command)
const shared = makeStdio('common', command, { riskLevel: 'Low' })
const isolated = makeStdio('apart', command, {}, { sessions: 'Isolated' })
let world: UpstreamWorld

beforeEach(async () => {
  world = await openUpstreamWorld({ idleMs: 700 })
})
afterEach(() => world.close())

const textOf = (answer: unknown) => (answer as { result: { content: { text: string }[] } }).result.content[0]!.text
const pidOf = async (...args: Parameters<UpstreamWorld['call']>) => textOf(await world.call(...args))

describe('who gets which child', () => {
  test('one child for all sessions of a user, another for another user', async () => {
    const other = makeOwner('alice', { sessionId: 'second' })
    const pids = await Promise.all([alice, alice, other, bob].map((owner) => pidOf(owner, own, 'pid')))
    expect(new Set(pids.slice(0, 3)).size).toBe(1)
    expect(pids[3]).not.toBe(pids[0])
    expect(world.sandboxes.started).toBe(2)
  })

  test('how many a user may run is asked at each start: a limit that was raised meanwhile holds', async () => {
    world.limits.maxRunning = 1
    await pidOf(alice, own, 'pid')
    await world.call(alice, own, 'exit').catch(() => undefined)
    world.limits.maxRunning = 5
    await pidOf(alice, own, 'pid')
    expect(world.sandboxes.acquired.map(({ maxRunningPerUser }) => maxRunningPerUser)).toEqual([1, 5])
  })

  test('one child per session where the manifest says Isolated; ended with its session', async () => {
    const other = makeOwner('alice', { sessionId: 'second' })
    const [first, second] = await Promise.all([pidOf(alice, isolated, 'pid'), pidOf(other, isolated, 'pid')])
    expect(first).not.toBe(second)
    await world.upstreams.closeSession('second')
    expect([...world.sandboxes.children.values()].map((child) => child.endedBy).filter(Boolean)).toEqual(['session'])
    expect(await pidOf(alice, isolated, 'pid')).toBe(first)
  })

  test('without a session the calls with one key share a child where the manifest says Isolated; it ends with the key', async () => {
    const [laptop, desktop] = ['laptop', 'desktop'].map((keyId) => makeOwner('alice', { sessionId: null, keyId }))
    const pids = await Promise.all([laptop!, laptop!, desktop!, alice].map((owner) => pidOf(owner, isolated, 'pid')))
    expect(pids[1]).toBe(pids[0])
    expect(new Set(pids).size).toBe(3)
    await world.upstreams.closeUser('alice', 'laptop')
    expect([...world.sandboxes.children.values()].filter((child) => child.endedBy !== null)).toHaveLength(1)
    expect(await pidOf(desktop!, isolated, 'pid')).toBe(pids[2])
    // elsewhere a person has one child, whatever the key
    expect(await pidOf(laptop!, own, 'pid')).toBe(await pidOf(desktop!, own, 'pid'))
  })

  test('an Isolated child that ended starts empty, and the next result says so once', async () => {
    await world.call(alice, isolated, 'pid')
    await world.call(alice, isolated, 'exit').catch(() => undefined)
    const metaOf = async () =>
      ((await world.call(alice, isolated, 'pid'))['result'] as Record<string, unknown>)['_meta']
    expect(await metaOf()).toEqual({ 'mcphub.io/restarted': expect.stringContaining('state is gone') as string })
    expect(await metaOf()).toBeUndefined()
  })

  test('a shared child serves everybody and is offered no capability', async () => {
    const able = makeOwner('alice', { clientCapabilities: { sampling: {}, roots: {}, elicitation: {} } })
    expect(await pidOf(able, shared, 'pid')).toBe(await pidOf(bob, shared, 'pid'))
    expect(world.sandboxes.acquired[0]!.owner).toEqual({
      userId: null,
      username: null,
      sessionId: null,
      discovery: false,
    })
    expect(textOf(await world.call(able, shared, 'capabilities'))).toBe('{}')
  })

  test('a replica hears a child while it is attached to it: of this user, of this session where each has its own', async () => {
    const hears = (server: string, user = 'alice', session = 'session-alice') =>
      world.upstreams.hears(user, session, server)
    expect(hears('odd')).toBe(false)
    await world.call(alice, own, 'pid')
    await world.call(alice, isolated, 'pid')
    await world.call(alice, shared, 'pid')
    expect([hears('odd'), hears('odd', 'alice', 'second'), hears('odd', 'bob')]).toEqual([true, true, false])
    expect([hears('apart'), hears('apart', 'alice', 'second')]).toEqual([true, false])
    // what a shared child says is told to nobody
    expect(hears('common')).toBe(false)
    await world.call(alice, own, 'exit').catch(() => undefined)
    expect(hears('odd')).toBe(false)
  })

  test('discovery starts a child without anybody and ends it', async () => {
    const signal = new AbortController().signal
    const description = await world.upstreams.describe(null, own, signal)
    expect(description).toMatchObject({ era: 'legacy', revision: '2025-11-25', serverInfo: { name: 'odd' } })
    expect((await world.upstreams.ask(null, own, { method: 'tools/list' }, signal))['tools']).toEqual([])
    expect(world.sandboxes.acquired[0]!.owner.discovery).toBe(true)
    await world.upstreams.closeDiscovery(own)
    expect([...world.sandboxes.children.values()].map((child) => child.endedBy)).toEqual(['discovered'])
  })
})

describe('while calls run', () => {
  test('progress is mapped back to the token of its own client', async () => {
    const started = ['a', 'a'].map((token) =>
      world.start(alice, own, {
        method: 'tools/call',
        params: { name: 'progress', arguments: { steps: 3 }, _meta: { progressToken: token } },
      }),
    )
    for (const { sink } of started) {
      await sink.done
      expect(sink.notifications.map((one) => (one['params'] as Record<string, unknown>)['progressToken'])).toEqual([
        'a',
        'a',
        'a',
      ])
    }
  })

  test('GW-13: a child that exits fails its calls once, clearly, and the next call starts another', async () => {
    const before = await pidOf(alice, own, 'pid')
    const hanging = world.start(alice, own, { method: 'tools/call', params: { name: 'hang' } })
    const dying = world.start(alice, own, { method: 'tools/call', params: { name: 'exit', arguments: { code: 3 } } })
    for (const { sink } of [hanging, dying]) {
      const { error } = await sink.done
      expect(error?.code).toBe('sandbox_failed')
      expect(error?.message).toContain('exit code 3')
      expect(sink.ends).toEqual(['fail'])
    }
    expect(await pidOf(alice, own, 'pid')).not.toBe(before)
  })

  test('GW-13: twenty calls race one start, whose time does not count', async () => {
    // twice what a call may be silent
    world.sandboxes.beforeStart = () => new Promise((resolve) => setTimeout(resolve, 1500))
    const answers = await Promise.all(Array.from({ length: 20 }, () => pidOf(alice, own, 'pid')))
    expect(new Set(answers).size).toBe(1)
    expect(world.sandboxes.started).toBe(1)
  })

  test('a call that waits hears why, in its own token', async () => {
    world.sandboxes.beforeStart = async (request) => request.onProgress?.('installing package odd')
    const { sink } = world.start(alice, own, {
      method: 'tools/call',
      params: { name: 'pid', _meta: { progressToken: 5 } },
    })
    await sink.done
    expect(sink.notifications[0]).toMatchObject({ params: { progressToken: 5, message: 'installing package odd' } })
  })

  test('a silent child is timed out and told', async () => {
    const { sink } = world.start(alice, own, { method: 'tools/call', params: { name: 'hang' } })
    expect((await sink.done).error?.code).toBe('upstream_timeout')
    await waitUntil(async () => textOf(await world.call(alice, own, 'canceled')) === '1', 'the child heard it')
  })

  test('a large line reaches the client whole, in parts, with its own id', async () => {
    const { sink } = world.start(alice, own, {
      method: 'tools/call',
      params: { name: 'large', arguments: { times: 500_000 } },
      idJson: '"big"',
    })
    const { json } = await sink.done
    expect(json!['id']).toBe('big')
    expect(textOf(json)).toHaveLength(500_000)
    expect(sink.chunks.length).toBeGreaterThan(5)
  })

  test('the child is held while a call runs and let go after it', async () => {
    await world.call(alice, own, 'pid')
    const child = [...world.sandboxes.children.values()][0]!
    await waitUntil(() => child.holds === 0, 'no call, no hold')
    const hanging = world.start(alice, own, { method: 'tools/call', params: { name: 'hang' } })
    await waitUntil(() => child.holds === 1, 'held')
    hanging.cancel('done')
    expect(child.holds).toBe(0)
  })
})

describe('GW-5: a child that does not speak MCP', () => {
  test('GW-5: lines of garbage before and between answers are ignored', async () => {
    expect(textOf(await world.call(alice, own, 'garbage', { lines: 20 }))).toBe('after garbage')
  })

  test('GW-5: too much of it ends the child, with a clear error', async () => {
    const { sink } = world.start(alice, own, {
      method: 'tools/call',
      params: { name: 'garbage', arguments: { lines: 500 } },
    })
    expect((await sink.done).error?.code).toBe('upstream_error')
    expect([...world.sandboxes.children.values()].map((child) => child.endedBy)).toEqual(['protocol'])
    expect(await pidOf(alice, own, 'pid')).not.toBe('')
  })

  test('GW-5: an answer that is none fails its call; unknown and repeated ids go nowhere', async () => {
    for (const tool of ['both', 'scalarResult', 'noVersion']) {
      const { sink } = world.start(alice, own, { method: 'tools/call', params: { name: tool } })
      expect((await sink.done).error?.code).toBe('upstream_error')
    }
    const { sink } = world.start(alice, own, { method: 'tools/call', params: { name: 'twice' } })
    expect(textOf((await sink.done).json)).toBe('first')
    await world.call(alice, own, 'pid')
    expect(sink.ends).toEqual(['answer'])
  })

  test('GW-5: an answer that is nested too deep fails its call at once', async () => {
    const { sink } = world.start(alice, own, { method: 'tools/call', params: { name: 'deep' } })
    expect((await sink.done).error).toMatchObject({
      code: 'upstream_error',
      message: expect.stringContaining('nested too deep') as string,
    })
  })

  test('GW-15: dear lines that nobody asked for are not parsed', async () => {
    await world.call(alice, own, 'pid')
    const parse = vi.spyOn(JSON, 'parse')
    expect(textOf(await world.call(alice, own, 'chatter', { lines: 4, values: 100_000 }))).toBe('talked')
    const parsed = parse.mock.calls.reduce((sum, [text]) => sum + text.length, 0)
    parse.mockRestore()
    expect(parsed).toBeGreaterThan(0)
    expect(parsed).toBeLessThan(10_000)
  })

  test('GW-15: a child that talks beyond its budget is not read for a while, and loses nothing', async () => {
    const patient = makeStdio('patient', command, { callTimeoutSeconds: 20 })
    await world.call(alice, patient, 'pid')
    const child = [...world.sandboxes.children.values()][0]!
    const [pause, resume] = [vi.spyOn(child, 'pause'), vi.spyOn(child, 'resume')]
    // 30 lines of 64 KiB: nearly twice what may be said at once
    const { sink } = world.start(alice, patient, {
      method: 'tools/call',
      params: { name: 'chatter', arguments: { lines: 30, values: 5500 } },
    })
    await waitUntil(() => pause.mock.calls.length > 0, 'not read')
    expect(textOf((await sink.done).json)).toBe('talked')
    expect(resume.mock.calls.length).toBeGreaterThan(0)
    expect(sink.notifications).toHaveLength(30)
  })

  test('a child that never shakes hands is ended', async () => {
    const mute = makeStdio('mute', [process.execPath, '-e', 'process.stdin.resume()'], {}, { startupTimeoutSeconds: 1 })
    const { sink } = world.start(alice, mute, { method: 'tools/list' })
    expect((await sink.done).error?.code).toBe('upstream_timeout')
    expect([...world.sandboxes.children.values()].map((child) => child.endedBy)).toEqual(['protocol'])
  })
})

describe('requests of the child', () => {
  const asking = makeOwner('alice', { clientCapabilities: { elicitation: {} } })

  test('SES-5: only the session with a call in flight is asked', async () => {
    const { sink } = world.start(asking, own, { method: 'tools/call', params: { name: 'elicit' } })
    sink.onRequest = (_method, respond) => respond({ result: { action: 'accept' } })
    expect(textOf((await sink.done).json)).toBe('{"result":{"action":"accept"}}')
  })

  test('SES-5: a question of the hub itself (a discovery) is not taken for the call that asks', async () => {
    const { sink } = world.start(asking, own, { method: 'tools/call', params: { name: 'elicitSoon' } })
    sink.onRequest = (_method, respond) => respond({ result: { action: 'accept' } })
    const over = new AbortController()
    const discovery = world.upstreams.ask(asking, own, { method: 'tools/call', params: { name: 'hang' } }, over.signal)
    expect(textOf((await sink.done).json)).toBe('{"result":{"action":"accept"}}')
    over.abort()
    await expect(discovery).rejects.toMatchObject({ code: 'canceled' })
  })

  test('SES-5: without a call in flight nobody is asked', async () => {
    await world.call(asking, own, 'elicitLater')
    await waitUntil(async () => textOf(await world.call(asking, own, 'lastAnswer')).includes('error'), 'refused')
  })

  test('SES-5: of several calls the one whose client can be asked is asked, and never another user', async () => {
    const deaf = world.start(alice, own, { method: 'tools/call', params: { name: 'hang' } })
    const able = world.start(asking, own, { method: 'tools/call', params: { name: 'elicit' } })
    const later = world.start(alice, own, { method: 'tools/call', params: { name: 'hang' } })
    const foreign = world.start(makeOwner('bob', { clientCapabilities: asking.clientCapabilities }), own, {
      method: 'tools/call',
      params: { name: 'hang' },
    })
    able.sink.onRequest = (_method, respond) => respond({ result: { action: 'accept' } })
    expect(textOf((await able.sink.done).json)).toBe('{"result":{"action":"accept"}}')
    expect([deaf, later, foreign].flatMap(({ sink }) => sink.requests)).toEqual([])
  })

  test('SES-5: a question is not taken for one of a call that waits for the answer to another', async () => {
    const parked = world.start(asking, own, { method: 'tools/call', params: { name: 'elicit' } })
    await waitUntil(() => parked.sink.requests.length === 1, 'asked')
    const askedAt = performance.now()
    // later than questions of one call come after each other
    await waitUntil(async () => {
      await world.call(alice, own, 'pid')
      return performance.now() - askedAt > 50
    }, 'a while has passed')
    const deaf = world.start(alice, own, { method: 'tools/call', params: { name: 'elicit' } })
    deaf.sink.onRequest = (_method, respond) => respond({ error: { code: -32601, message: 'not me' } })
    expect(textOf((await deaf.sink.done).json)).toContain('not me')
    expect(parked.sink.requests).toHaveLength(1)
  })

  test('a log line is not lost to a call that waits for an answer', async () => {
    const parked = world.start(asking, own, { method: 'tools/call', params: { name: 'elicit' } })
    await waitUntil(() => parked.sink.requests.length === 1, 'asked')
    const busy = world.start(alice, own, { method: 'tools/call', params: { name: 'log' } })
    await busy.sink.done
    expect(busy.sink.notifications.map((one) => one['method'])).toEqual(['notifications/message'])
    expect(parked.sink.notifications).toEqual([])
  })

  test("a user's child hears that all can be asked which the hub relays, a child of one session what that client can", async () => {
    expect(JSON.parse(textOf(await world.call(alice, own, 'capabilities')))).toEqual({
      elicitation: { form: {}, url: {} },
      sampling: { tools: {}, context: {} },
      roots: { listChanged: true },
    })
    expect(JSON.parse(textOf(await world.call(asking, isolated, 'capabilities')))).toEqual({ elicitation: {} })
    const loose = makeOwner('alice', { sessionId: null })
    expect(JSON.parse(textOf(await world.call(loose, isolated, 'capabilities')))).toHaveProperty('sampling')
  })

  test('SES-5: a shared child asks nobody', async () => {
    const { sink } = world.start(asking, shared, { method: 'tools/call', params: { name: 'elicit' } })
    expect(textOf((await sink.done).json)).toContain('-32601')
    expect(sink.requests).toEqual([])
  })

  test("a log line of a shared child is nobody's, of an own child its caller's", async () => {
    const common = world.start(alice, shared, { method: 'tools/call', params: { name: 'log' } })
    await common.sink.done
    expect(common.sink.notifications).toEqual([])
    const single = world.start(alice, own, { method: 'tools/call', params: { name: 'log' } })
    await single.sink.done
    expect(single.sink.notifications.map((one) => one['method'])).toEqual(['notifications/message'])
  })
})

test('closing a user fails the calls and ends the children', async () => {
  const hanging = world.start(alice, own, { method: 'tools/call', params: { name: 'hang' } })
  await waitUntil(
    () => world.sandboxes.started === 1 && [...world.sandboxes.children.values()][0]!.holds > 0,
    'running',
  )
  await world.upstreams.closeUser('alice', null)
  expect((await hanging.sink.done).error?.code).toBe('unauthenticated')
  expect([...world.sandboxes.children.values()].map((child) => child.endedBy)).toEqual(['deactivated'])
})
