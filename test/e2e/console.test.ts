// The console as a gateway serves it, beside everything else that has an address of its own.
import { request } from 'node:http'
import { ROUTE_LIST } from '@mcphub/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildConsole } from '../../scripts/build-console.ts'
import { type TestHub, startHub } from '../kit/hub.ts'

const HTML = { accept: 'text/html' }

let hub: TestHub

beforeAll(async () => {
  await buildConsole()
  hub = await startHub()
})
afterAll(() => hub?.stop())

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Not fetch: it sends the Host it likes and follows where it is sent. */
function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const asked = request({ host: '127.0.0.1', port: hub.port, path, method, headers, agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    const done = (): void => resolve({ status: response.statusCode!, headers: response.headers, text })
    response.on('data', (chunk: string) => {
      text += chunk
    })
    response.on('end', done)
    // a stream has no end of its own
    if (response.headers['content-type']?.startsWith('text/event-stream')) {
      done()
      response.destroy()
    }
  })
  asked.on('error', reject).end()
  return promise
}

test('pages and assets are served, and what belongs to programs stays theirs', async () => {
  const page = await ask('/servers/github', HTML)
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  const script = /src="(\/assets\/first-[^"]+\.js)"/.exec(page.text)![1]!
  expect((await ask(script)).headers['cache-control']).toContain('immutable')
  for (const path of ['/api/no-such-route', '/.well-known/oauth-protected-resource', '/mcp/no/such/path']) {
    const answer = await ask(path, HTML)
    expect([path, answer.text.includes('<!doctype html>')]).toEqual([path, false])
    expect(answer.status).toBeGreaterThanOrEqual(400)
  }
  expect((await ask('/livez')).text).toBe('{"status":"ok"}')
})

test("CON-4: a page under a name that is not the hub's is refused, and so is what it asks for", async () => {
  for (const path of ['/', '/login', '/icon.svg']) {
    const answer = await ask(path, { ...HTML, host: 'evil.example' })
    expect([path, answer.status, JSON.parse(answer.text)]).toEqual([
      path,
      403,
      expect.objectContaining({ code: 'origin_forbidden' }),
    ])
  }
})

test('CON-8: every answer has its headers: pages, assets, every route of the API, faults', async () => {
  const script = /src="(\/assets\/first-[^"]+\.js)"/.exec((await ask('/', HTML)).text)![1]!
  const ways: (readonly [path: string, headers: Record<string, string>, method?: string])[] = [
    ['/', HTML],
    ['/login', HTML],
    [script, {}],
    ['/icon.svg', {}],
    ['/assets/gone.js', {}],
    ['/', { ...HTML, host: 'evil.example' }],
    ['/nothing', {}],
    ['/', {}, 'DELETE'],
    ...ROUTE_LIST.map(({ method, path }) => [path.replace(/:\w+/g, 'x'), {}, method] as const),
    ...ROUTE_LIST.map(({ path }) => [path.replace(/:\w+/g, 'x'), {}, 'TRACE'] as const),
  ]
  const bare: string[] = []
  for (const [path, headers, method] of ways) {
    const answer = await ask(path, headers, method)
    const policy = String(answer.headers['content-security-policy'])
    const isWhole =
      policy.includes("default-src 'none'") &&
      policy.includes("frame-ancestors 'none'") &&
      answer.headers['x-content-type-options'] === 'nosniff' &&
      answer.headers['strict-transport-security'] !== undefined &&
      answer.headers['x-frame-options'] !== undefined &&
      answer.headers['referrer-policy'] === 'no-referrer'
    const isKept = path.startsWith('/api') ? answer.headers['cache-control'] === 'no-store' : true
    if (!isWhole || !isKept) bare.push(`${method ?? 'GET'} ${path}: ${answer.status}`)
  }
  expect(bare).toEqual([])
})

test('a hub whose console is turned off says where the rest is', async () => {
  const bare = await startHub({ env: { MCPHUB_CONSOLE: 'off' } })
  const response = await fetch(bare.url, { headers: HTML })
  const problem = (await response.json()) as { readonly detail: string }
  await bare.stop()
  expect(response.status).toBe(404)
  expect(problem.detail).toContain('/mcp')
})
