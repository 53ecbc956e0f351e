// The HTTP layer through real sockets: connections, deadlines, patience, tokens that change, and what an error says.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { KubeClient } from './client.ts'
import { fixedCredentials, PLAIN_TLS, WatchedFile, type Credentials } from './credentials.ts'
import { KubeHttp, type KubeHttpOptions } from './http.ts'
import { CONFIG_MAPS } from './objects.ts'
import { FakeApiServer } from './testing/fake-api-server.ts'

let server: FakeApiServer
const tokens = new Set(['secret-token'])
const closers: (() => unknown)[] = []
beforeEach(async () => {
  server = await FakeApiServer.start({ tokens })
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await server.stop()
})

function open(options: Partial<KubeHttpOptions> = {}): KubeHttp {
  const credentials = fixedCredentials(server.url, { token: 'secret-token' })
  const http = new KubeHttp({ credentials, userAgent: 'test', ...options })
  closers.push(() => http.destroy())
  return http
}
const PATH = '/api/v1/namespaces/default/configmaps'
const get = (http: KubeHttp): Promise<unknown> => http.request({ method: 'GET', path: PATH })

test("every answer tells the API server's time, a refusal and a watch too", async () => {
  const times: number[] = []
  const http = open({ onServerTime: (ms) => times.push(ms) })
  await get(http)
  await http.request({ method: 'GET', path: `${PATH}/none` }).catch(() => undefined)
  const stop = new AbortController()
  const lines = http.lines({ path: `${PATH}?watch=1`, signal: stop.signal })
  const reading = lines.next()
  await vi.waitFor(() => expect(times).toHaveLength(3))
  stop.abort()
  await reading.catch(() => undefined)
  for (const ms of times) expect(Math.abs(Date.now() - ms)).toBeLessThan(5000)
})

test('an answer that was long on its way tells no time', async () => {
  const times: number[] = []
  const http = open({ onServerTime: (ms) => times.push(ms) })
  const held = Promise.withResolvers<void>()
  const isHeld = ({ query }: { query: URLSearchParams }): boolean => query.has('held')
  // the Date is written when the call comes in
  server.inject({ when: isHeld, act: { hold: held.promise } })
  const late = Promise.all([
    http.request({ method: 'GET', path: `${PATH}?held=1` }),
    http.lines({ path: `${PATH}?held=1&watch=1&timeoutSeconds=0` }).next(),
  ])
  late.catch(() => undefined)
  await vi.waitFor(() => expect(server.calls).toHaveLength(2))
  standStill(2100)
  held.resolve()
  await late
  expect(times).toEqual([])
  await get(http)
  expect(times).toHaveLength(1)
})

/** As a process that was stopped, or had too much to do. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test('a write that waited for its socket until it may not be written is not sent', async () => {
  let isLeading = true
  const http = open({ maxInFlight: 1, mayWrite: () => isLeading })
  const held = Promise.withResolvers<void>()
  server.inject({ when: ({ method }) => method === 'GET', act: { hold: held.promise } })
  const reads = [get(http)]
  await vi.waitFor(() => expect(server.calls).toHaveLength(1))
  const write = new KubeClient(http).create(CONFIG_MAPS, { metadata: { name: 'late', namespace: 'default' } })
  reads.push(get(http))
  // both wait for the socket by now
  await nextTurn()
  isLeading = false
  held.resolve()
  await expect(write).rejects.toMatchObject({ reason: 'NotLeading', code: 0 })
  // the socket goes on with what waited behind it
  await Promise.all(reads)
  expect(server.calls.map(({ method }) => method)).toEqual(['GET', 'GET'])
  expect(server.connections).toBe(1)
})

test('it is told once when a write goes to its socket, and not while it waits for one', async () => {
  const http = open({ maxInFlight: 1 })
  const held = Promise.withResolvers<void>()
  server.inject({ when: ({ method }) => method === 'GET', act: { hold: held.promise } })
  const answer = { code: 429, reason: 'TooManyRequests', retryAfterSeconds: 0.01 }
  server.inject({ when: ({ method }) => method === 'POST', act: { answer }, times: 1 })
  const reading = get(http)
  await vi.waitFor(() => expect(server.calls).toHaveLength(1))
  const onSent = vi.fn(() => server.calls.length)
  const object = { metadata: { name: 'told', namespace: 'default' } }
  const writing = new KubeClient(http).create(CONFIG_MAPS, object, { onSent })
  await nextTurn()
  expect(onSent).not.toHaveBeenCalled()
  held.resolve()
  await Promise.all([reading, writing])
  expect(server.calls.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST'])
  expect(onSent.mock.results).toEqual([{ type: 'return', value: 1 }])
})

test('whoever may not write is refused every write before it is sent, also one that is sent again; reads go on', async () => {
  let isLeading = true
  const http = open({ mayWrite: () => isLeading })
  const create = (name: string): Promise<unknown> =>
    new KubeClient(http).create(CONFIG_MAPS, { metadata: { name, namespace: 'default' } })
  await create('one')
  server.inject({
    when: ({ method }) => method === 'POST',
    act: { answer: { code: 429, reason: 'TooManyRequests', retryAfterSeconds: 0.4 } },
    times: 1,
  })
  const putOff = create('two')
  await vi.waitFor(() => expect(server.calls).toHaveLength(2))
  isLeading = false
  await expect(putOff).rejects.toMatchObject({ reason: 'NotLeading', code: 0 })
  const client = new KubeClient(http)
  const ref = { namespace: 'default', name: 'one' }
  await expect(client.patch(CONFIG_MAPS, ref, { type: 'merge', body: {} })).rejects.toMatchObject({
    reason: 'NotLeading',
  })
  await expect(client.delete(CONFIG_MAPS, ref)).rejects.toMatchObject({ reason: 'NotLeading' })
  expect(await client.get(CONFIG_MAPS, ref)).toMatchObject({ metadata: ref })
  expect(server.calls.filter(({ method }) => method !== 'GET')).toHaveLength(2)
})

describe('sockets', () => {
  // the pool may open a second one when a call begins while the last answer's end is still on its way up
  test('a thousand calls in a row take one connection or two', async () => {
    const http = open()
    for (let at = 0; at < 1000; at++) await get(http)
    expect(server.connections).toBeLessThanOrEqual(2)
  })

  test('deletions that name the version they mean keep their connection', async () => {
    const http = open()
    const client = new KubeClient(http)
    for (let at = 0; at < 20; at++) {
      const { metadata } = await client.create(CONFIG_MAPS, { metadata: { name: 'one', namespace: 'default' } })
      await client.delete(CONFIG_MAPS, metadata, { uid: metadata.uid })
    }
    expect(server.connections).toBeLessThanOrEqual(2)
  })

  test('many calls at once take no more connections than may be in flight', async () => {
    const http = open({ maxInFlight: 4 })
    await Promise.all(Array.from({ length: 200 }, () => get(http)))
    expect(server.connections).toBe(4)
    expect(server.mostInFlight).toBeLessThanOrEqual(4)
  })

  test('watches have sockets of their own: many of them leave the calls alone', async () => {
    const http = open({ maxInFlight: 1 })
    const end = new AbortController()
    const path = `${PATH}?watch=true`
    const watches = Array.from({ length: 5 }, () =>
      http
        .lines({ path, signal: end.signal })
        .next()
        .catch(() => null),
    )
    await vi.waitFor(() => expect(server.openWatches).toBe(5))
    await get(http)
    end.abort()
    await Promise.all(watches)
    expect(server.connections).toBe(6)
  })
})

describe('no answer', () => {
  test('a deadline per verb', async () => {
    server.inject({ when: () => true, act: { delayMs: 5000 } })
    const http = open({ deadlines: { GET: 50 } })
    await expect(get(http)).rejects.toMatchObject({ reason: 'Deadline', code: 0 })
  })

  test('a caller who gives up', async () => {
    server.inject({ when: () => true, act: { delayMs: 5000 } })
    const end = new AbortController()
    const call = open().request({ method: 'GET', path: PATH, signal: end.signal })
    await vi.waitFor(() => expect(server.calls).toHaveLength(1))
    end.abort()
    await expect(call).rejects.toMatchObject({ reason: 'Aborted' })
  })

  test('a read whose connection broke is sent again once; a write is not', async () => {
    const http = open()
    server.inject({ when: () => true, act: { drop: 'before' }, times: 1 })
    await get(http)
    server.inject({ when: () => true, act: { drop: 'before' }, times: 1 })
    const write = http.request({ method: 'POST', path: PATH, body: { metadata: { name: 'a', namespace: 'default' } } })
    await expect(write).rejects.toMatchObject({ reason: 'Transport' })
    expect(server.calls).toHaveLength(3)
  })

  test('a watch that falls silent ends with an error', async () => {
    server.inject({ when: () => true, act: { silent: true } })
    const lines = open({ silenceMs: 100 }).lines({ path: `${PATH}?watch=true` })
    await expect(lines.next()).rejects.toMatchObject({ reason: 'Deadline' })
  })
})

describe('patience', () => {
  test.each([429, 503])('%i with Retry-After is waited for and sent again, writes too', async (code) => {
    const answer = { code, reason: 'TooManyRequests', retryAfterSeconds: 0.02 }
    server.inject({ when: () => true, act: { answer }, times: 3 })
    const body = { metadata: { name: 'a', namespace: 'default' } }
    await open().request({ method: 'POST', path: PATH, body })
    expect(server.calls).toHaveLength(4)
  })

  test('not forever, and not for a 503 that names no time', async () => {
    server.inject({
      when: () => true,
      act: { answer: { code: 429, reason: 'TooManyRequests', retryAfterSeconds: 0 } },
      times: 3,
    })
    await expect(get(open({ retries: 2 }))).rejects.toMatchObject({ code: 429, retryAfterMs: 0 })
    server.inject({ when: () => true, act: { answer: { code: 503, reason: 'ServiceUnavailable' } }, times: 1 })
    await expect(get(open())).rejects.toMatchObject({ code: 503, retryAfterMs: null })
    expect(server.calls).toHaveLength(4)
  })
})

describe('who is asking', () => {
  test('an error names the call and never the token', async () => {
    const http = open({ credentials: fixedCredentials(server.url, { token: 'another-token' }) })
    const error = await new KubeClient(http)
      .get(CONFIG_MAPS, { namespace: 'default', name: 'x' })
      .catch((e: Error) => e)
    expect(error).toMatchObject({ reason: 'Unauthorized', code: 401, call: `GET ${PATH}/x` })
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('another-token')
  })

  test('a token that was replaced in its file is taken up at once when the old one is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kube-token-'))
    closers.push(() => rm(folder, { recursive: true }))
    const file = join(folder, 'token')
    await writeFile(file, 'stale-token')
    const token = new WatchedFile(file)
    const credentials: Credentials = {
      server: server.url,
      namespace: 'default',
      read: async ({ fresh = false } = {}) => ({ token: await token.read(fresh), tls: PLAIN_TLS }),
    }
    const http = open({ credentials })
    await expect(get(http)).rejects.toMatchObject({ reason: 'Unauthorized' })
    await writeFile(`${file}.new`, 'secret-token')
    await rename(`${file}.new`, file)
    await get(http)
    expect(server.calls).toHaveLength(4)
  })

  test('new certificates mean new sockets; what runs on the old ones finishes', async () => {
    let tls = PLAIN_TLS
    const credentials: Credentials = {
      server: server.url,
      namespace: 'default',
      read: () => Promise.resolve({ token: 'secret-token', tls }),
    }
    const http = open({ credentials })
    await get(http)
    server.inject({ when: () => true, act: { delayMs: 50 }, times: 1 })
    const slow = get(http)
    await vi.waitFor(() => expect(server.calls).toHaveLength(2))
    const before = server.connections
    tls = { ...PLAIN_TLS, ca: 'another' }
    await get(http)
    await slow
    expect(server.connections).toBe(before + 1)
  })
})
