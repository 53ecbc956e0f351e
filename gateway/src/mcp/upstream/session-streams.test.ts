import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { HttpHandler } from '../../proxy/http.ts'
import { SessionStreams, type SessionStreamsHost } from './session-streams.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const controller = { abort: () => undefined, pause: () => undefined, resume: () => undefined }
const fields = { get: (name: string) => (name === 'content-type' ? 'text/event-stream' : undefined) }

/** Each stream says when to come back, and ends after `livesMs`. */
function openHost(livesMs: number) {
  const opened: number[] = []
  const host: SessionStreamsHost = {
    messageBytes: 1024,
    inFlight: [],
    openStream(_lastEventId: string | null, stream: HttpHandler) {
      opened.push(performance.now())
      stream.onRequestStart(controller)
      setTimeout(() => {
        stream.onResponseStart(controller, 200, fields)
        stream.onResponseData(controller, Buffer.from('retry: 200\nid: 1\ndata: {}\n\n'))
      }, 1)
      setTimeout(() => stream.onResponseEnd(controller), livesMs)
    },
    onStreamNotification: () => undefined,
    onStreamRequest: () => undefined,
    onSessionLost: () => undefined,
    onNoStream: () => undefined,
  }
  return { host, opened }
}

test('GW-4: a server that ends each stream at once and wants it back at once is asked ever more slowly', async () => {
  const { host, opened } = openHost(2)
  const streams = new SessionStreams(host)
  void streams.listen()
  await vi.advanceTimersByTimeAsync(60_000)
  streams.close()
  expect(opened.length).toBeGreaterThan(5)
  expect(opened.length).toBeLessThan(25)
})

test('one whose streams live is asked again when it wants to be', async () => {
  const { host, opened } = openHost(6000)
  const streams = new SessionStreams(host)
  void streams.listen()
  await vi.advanceTimersByTimeAsync(62_000)
  streams.close()
  expect(opened).toHaveLength(11)
})
