// The way to providers on real sockets: no redirect followed, an end after its time, no endless answer; what limits say of the time to wait.
import { once } from 'node:events'
import { type Server, type ServerResponse, createServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { issueCertificate, makeAuthority } from '../../trust/certificates.ts'
import { LoginRefusal } from './login-refusal.ts'
import { createProviderFetch, readWait, telling } from './provider-fetch.ts'

const DIRECT = { url: null, noProxy: null, extraCaFile: null }
const MIB = 1024 * 1024

let server: Server
let url: string
let answer: (response: ServerResponse) => void
const asked: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const refusalOf = async (work: Promise<unknown>): Promise<LoginRefusal> =>
  work.then(
    () => Promise.reject(new Error('it was answered')),
    (thrown: unknown) => (thrown instanceof LoginRefusal ? thrown : Promise.reject(thrown)),
  )

describe('the way to a provider', () => {
  test('follows no redirect', async () => {
    answer = (response) => void response.writeHead(302, { location: `${url}/elsewhere` }).end()
    asked.length = 0
    const got = await createProviderFetch(DIRECT)(`${url}/here`, { redirect: 'follow' })
    expect([got.status, asked]).toEqual([302, ['/here']])
  })

  test('ends after its time, before the head and in the middle of the body', async () => {
    const fetch = createProviderFetch(DIRECT, 200)
    answer = () => undefined
    expect((await refusalOf(telling(fetch)(url))).fault).toBe('provider_unreachable')
    answer = (response) => void response.writeHead(200).write('{')
    const half = await fetch(url)
    await expect(half.json()).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('ends when whoever asked does', async () => {
    const asker = new AbortController()
    answer = () => asker.abort()
    await expect(createProviderFetch(DIRECT)(url, { signal: asker.signal })).rejects.toMatchObject({
      name: 'AbortError',
    })
  })

  test('takes no endless answer', async () => {
    answer = (response) => {
      response.writeHead(200)
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    }
    const got = await createProviderFetch(DIRECT)(url)
    let bytes = 0
    const read = async (): Promise<void> => {
      for await (const chunk of got.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length
    }
    await expect(read()).rejects.toThrow()
    expect(bytes).toBeLessThanOrEqual(MIB)
  })

  test('says that nobody listens', async () => {
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port } = gone.address() as AddressInfo
    gone.close()
    await once(gone, 'close')
    const refusal = await refusalOf(telling(createProviderFetch(DIRECT))(`http://127.0.0.1:${port}`))
    expect(refusal.fault).toBe('provider_unreachable')
  })
})

describe('in a company of its own', () => {
  let folder: string
  let proxy: Server
  let secure: Server
  const connected: string[] = []
  const portOf = (one: Server): number => (one.address() as AddressInfo).port

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mcphub-fetch-'))
    const authority = makeAuthority(Date.now())
    writeFileSync(join(folder, 'ca.pem'), authority.certificate)
    const issued = { commonName: 'sso.example.com', names: ['sso.example.com'], days: 1 }
    const { key, certificate: cert } = issueCertificate(authority, issued, Date.now())
    secure = createSecureServer({ key, cert }, (_request, response) => response.end('behind')).listen(0, '127.0.0.1')
    await once(secure, 'listening')
    proxy = createServer().listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    proxy.on('connect', (request, client) => {
      connected.push(request.url ?? '')
      const there = connect(portOf(secure), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        there.pipe(client).pipe(there)
      })
      there.on('error', () => client.destroy())
      client.on('error', () => there.destroy())
    })
  })
  afterAll(() => {
    for (const one of [proxy, secure]) {
      one.closeAllConnections()
      one.close()
    }
    rmSync(folder, { recursive: true })
  })
  const route = (extraCaFile: string | null) => ({
    url: `http://127.0.0.1:${portOf(proxy)}`,
    noProxy: null,
    extraCaFile,
  })

  test('goes through the proxy, and trusts the company’s own authority', async () => {
    const got = await createProviderFetch(route(join(folder, 'ca.pem')))('https://sso.example.com/x')
    expect([await got.text(), connected]).toEqual(['behind', ['sso.example.com:443']])
  })

  test('trusts nobody else’s', async () => {
    const refusal = await refusalOf(telling(createProviderFetch(route(null)))('https://sso.example.com/x'))
    expect(refusal.fault).toBe('provider_unreachable')
  })

  test('sends nothing unprotected through the proxy', async () => {
    connected.length = 0
    answer = (response) => void response.end('direct')
    const got = await createProviderFetch(route(null))(url)
    expect([await got.text(), connected]).toEqual(['direct', []])
  })
})

describe('what an answer says of the provider', () => {
  test.each([
    [500, {}, 'provider_busy', null],
    [503, { 'retry-after': '7' }, 'provider_busy', 7],
    [429, {}, 'provider_busy', null],
    [403, { 'retry-after': '30' }, 'provider_busy', 30],
    [403, { 'x-ratelimit-remaining': '0' }, 'provider_busy', null],
  ] as const)('%d %j is %s', async (status, headers, fault, seconds) => {
    answer = (response) => void response.writeHead(status, headers).end('later')
    const refusal = await refusalOf(telling(createProviderFetch(DIRECT))(url))
    expect([refusal.fault, refusal.retryAfterSeconds, refusal.detail]).toEqual([fault, seconds, `answered ${status}`])
  })

  test.each([
    [200, {}],
    [302, {}],
    [401, {}],
    [403, {}],
    [403, { 'x-ratelimit-remaining': '17' }],
    [404, { 'retry-after': '30' }],
  ] as const)('%d %j is for whoever asked', async (status, headers) => {
    answer = (response) => void response.writeHead(status, headers).end()
    expect((await telling(createProviderFetch(DIRECT))(url)).status).toBe(status)
  })
})

describe('the time to wait', () => {
  const NOW = Date.parse('2026-03-01T12:00:00Z')
  test.each([
    [{}, null],
    [{ 'retry-after': '60' }, 60],
    [{ 'retry-after': '0' }, 1],
    [{ 'retry-after': 'Sun, 01 Mar 2026 12:01:30 GMT' }, 90],
    [{ 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, 1],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '999999999' }, 3600],
    [{ 'x-ratelimit-reset': String(NOW / 1000 + 120) }, 120],
    [{ 'x-ratelimit-reset': String(NOW / 1000 - 120) }, 1],
    [{ 'x-ratelimit-reset': 'never' }, null],
    [{ 'retry-after': '5', 'x-ratelimit-reset': String(NOW / 1000 + 120) }, 5],
  ])('%j is %j', (headers, seconds) =>
    expect(readWait(new Headers(headers as Record<string, string>), NOW)).toBe(seconds),
  )
})
