// The HTTP layer through real sockets: connections, deadlines, patience, tokens that change, and what an error says.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

test("every answer tells the API server's time, a refusal too", async () => {
  const times: number[] = []
  const http = open({ onServerTime: (ms) => times.push(ms) })
  await get(http)
  await http.request({ method: 'GET', path: `${PATH}/none` }).catch(() => undefined)
  expect(times).toHaveLength(2)
  for (const ms of times) expect(Math.abs(Date.now() - ms)).toBeLessThan(5000)
})

describe('sockets', () => {
  // the pool may open a second one when a call begins while the last answer's end is still on its way up
  test('a thousand calls in a row take one connection or two', async () => {
    const http = open()
    for (let at = 0; at < 1000; at++) await get(http)
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
