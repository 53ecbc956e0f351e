// Streams of events on real sockets: what ends them, and that nobody is waited for.
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../../test/kit/wait-until.ts'
import { type EventStreamOptions, type EventWriter, streamEvents } from './event-writer.ts'

interface Opened {
  readonly stream: EventWriter
  readonly response: IncomingMessage
  readonly done: Promise<void>
  readonly text: () => string
}

async function open(options: Partial<EventStreamOptions>, { isPaused = false } = {}): Promise<Opened> {
  const started = Promise.withResolvers<EventWriter>()
  const finished = Promise.withResolvers<void>()
  const server = createServer((_request, response: ServerResponse) => {
    const rules = { isAllowed: () => true, onRevoked: () => () => undefined, ...options }
    const work = async (stream: EventWriter): Promise<void> => {
      started.resolve(stream)
      await once(stream.signal, 'abort')
    }
    streamEvents(response, rules, work).then(finished.resolve, finished.reject)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const [response] = (await once(get({ port: (server.address() as AddressInfo).port }), 'response')) as [
    IncomingMessage,
  ]
  let text = ''
  response.on('error', () => undefined)
  if (isPaused) response.pause()
  else response.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { stream: await started.promise, response, done: finished.promise, text: () => text }
}

test('an event is three lines, and no text can make a fourth', async () => {
  const { stream, text, response } = await open({})
  stream.send({ event: 'changed', id: 'a-1', data: { topics: ['keys'] } })
  stream.send({ event: 'x\ndata: forged', data: 'two\nlines' })
  await waitUntil(() => text().endsWith('"two\\nlines"\n\n'), 'both came')
  expect(text()).toBe(
    'event: changed\nid: a-1\ndata: {"topics":["keys"]}\n\nevent: x data: forged\ndata: "two\\nlines"\n\n',
  )
  expect(response.headers['content-type']).toBe('text/event-stream')
})

test('it is kept alive, and ends when the client leaves', async () => {
  const { stream, text, response, done } = await open({ keepAliveMs: 10 })
  await waitUntil(() => text().startsWith(':\n\n:\n\n'), 'comments came')
  response.destroy()
  await done
  expect(stream.signal.aborted).toBe(true)
})

test('ID-4: it ends when the credential does: told at once, and seen within two seconds where nobody told', async () => {
  let isAllowed = true
  let tell: () => void = () => undefined
  const told = await open({ isAllowed: () => isAllowed, onRevoked: (listener) => ((tell = listener), () => undefined) })
  tell()
  expect(told.stream.signal.aborted).toBe(false)
  const untold = await open({ isAllowed: () => isAllowed })
  isAllowed = false
  tell()
  expect(told.stream.signal.aborted).toBe(true)
  await waitUntil(() => untold.stream.signal.aborted, 'it was looked at', 2000)
  await untold.done
})

test('it ends when the hub does', async () => {
  const closing = new AbortController()
  const { done, response } = await open({ closing: closing.signal })
  closing.abort()
  await done
  await waitUntil(() => response.closed, 'the client was told')
})

test('who does not read is cut, and costs no more than the bound', async () => {
  const { stream, response, done } = await open({ maxUnsentBytes: 65_536 }, { isPaused: true })
  const data = 'x'.repeat(65_536)
  for (let i = 0; i < 1000 && !stream.signal.aborted; i++) {
    stream.send({ event: 'e', data })
    await new Promise(setImmediate)
  }
  expect(stream.signal.aborted).toBe(true)
  await done
  response.resume()
  await waitUntil(() => response.closed, 'its connection was cut')
})
