// What is no JSON: redirects that stay where they may, files in pieces, streams; on real sockets.
import { once } from 'node:events'
import { type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ROUTES, type Route } from '@mcphub/api'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type AnswerContext, type DownloadAnswer, presentAnswer, sendAnswer } from './route-answer.ts'

const routeOf = (answer: NonNullable<Route['answer']>): Route => ({
  ...ROUTES.getHealth,
  ...{ answer, response: null, status: answer === 'redirect' ? 303 : 200 },
})

async function ask(answer: NonNullable<Route['answer']>, given: unknown, more: Partial<AnswerContext> = {}) {
  const failed: unknown[] = []
  const server = createServer((_request, response: ServerResponse) => {
    const route = routeOf(answer)
    const rules = { isAllowed: () => true, onRevoked: () => () => undefined, mayLeaveTo: () => false }
    const context = { route, response, requestId: 'r', ...rules, ...more }
    sendAnswer(context, given).catch((thrown: unknown) => {
      failed.push(thrown)
      response.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { failed, answer: await fetch(url, { redirect: 'manual' }) }
}

describe('CON-4: a redirect', () => {
  const provider = (url: URL): boolean => url.origin === 'https://idp.example.com'
  const location = (text: string) => presentAnswer(routeOf('redirect'), { location: text }, provider)

  test.each(['/', '/login?fault=provider_busy&request=1', '/servers/a%20b#x', 'https://idp.example.com/authorize?a=1'])(
    'leads to %s',
    (text) => expect(location(text)).toEqual({ location: text }),
  )

  test.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/a\\b',
    '/a\r\nset-cookie: x=1',
    '/\t/evil.example',
    '/ /x',
    'evil',
    '',
    'https://evil.example/',
    'https://idp.example.com@evil.example/',
    'https://idp.example.com.evil.example/',
    'javascript:alert(1)',
    'data:text/html,x',
  ])('never leads to %j', (text) => expect(() => location(text)).toThrow('Internal error'))

  test('is 303 and holds nothing else', async () => {
    const { answer } = await ask('redirect', { location: '/servers' })
    expect([answer.status, answer.headers.get('location'), await answer.text()]).toEqual([303, '/servers', ''])
  })
})

describe('a download', () => {
  const file = (chunks: AsyncIterable<string>): DownloadAnswer => ({
    ...{ type: 'text/csv', fileName: 'audit "2026".csv\r\nx: y', chunks },
  })

  test('comes in pieces, as a file of a harmless name', async () => {
    const { answer } = await ask('download', file(lines(3)))
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="audit__2026_.csv__x__y"')
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/csv', '0\n1\n2\n'])
  })

  test('that fails midway does not end as if it were whole', async () => {
    const read = Promise.withResolvers<void>()
    async function* broken() {
      yield 'a\n'
      await read.promise
      throw new Error('the database went away')
    }
    const { answer, failed } = await ask('download', file(broken()))
    const reader = answer.body!.getReader()
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('a\n')
    read.resolve()
    await expect(reader.read()).rejects.toThrow()
    expect(failed).toHaveLength(1)
  })

  test('waits for a slow reader, and stops when it has gone', async () => {
    let made = 0
    const ended = Promise.withResolvers<void>()
    async function* endless() {
      try {
        for (;;) {
          made += 1
          yield 'x'.repeat(65_536)
        }
      } finally {
        ended.resolve()
      }
    }
    const { answer } = await ask('download', file(endless()))
    await answer.body!.cancel()
    await ended.promise
    expect(made).toBeLessThan(1000)
  })
})

async function* lines(count: number) {
  for (let i = 0; i < count; i++) yield `${i}\n`
}

test('a stream runs as long as its work', async () => {
  const { answer } = await ask('events', async (stream: { send: (event: object) => void }) => {
    stream.send({ event: 'done', data: 1 })
  })
  expect([answer.headers.get('content-type'), await answer.text()]).toEqual([
    'text/event-stream',
    'event: done\ndata: 1\n\n',
  ])
})
