import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { HttpHandler } from '../../proxy/http.ts'
import { SessionStreams, type SessionStreamsHost } from './session-streams.ts'
import type { UpstreamCall } from './upstream-call.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const controller = { abort: () => undefined, pause: () => undefined, resume: () => undefined }
const fields = { get: (name: string) => (name === 'content-type' ? 'text/event-stream' : undefined) }

/** Each stream says when to come back, and ends after `livesMs`. */
function openHost(livesMs: number, retryMs = 200) {
  const opened: number[] = []
  const host: SessionStreamsHost = {
    messageBytes: 1024,
    inFlight: [],
    openStream(_lastEventId: string | null, stream: HttpHandler) {
      opened.push(performance.now())
      stream.onRequestStart(controller)
      setTimeout(() => {
        stream.onResponseStart(controller, 200, fields)
        stream.onResponseData(controller, Buffer.from(`retry: ${retryMs}\nid: 1\ndata: {}\n\n`))
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

/** From the end of each stream to the next. */
function waitsOf(opened: readonly number[], livesMs = 2): number[] {
  return opened.slice(1).map((at, index) => Math.round(at - opened[index]! - livesMs))
}

test('GW-4: a server that ends each stream at once and wants it back at once is asked ever more slowly', async () => {
  const { host, opened } = openHost(2)
  const streams = new SessionStreams(host)
  void streams.listen()
  await vi.advanceTimersByTimeAsync(60_000)
  streams.close()
  expect(waitsOf(opened)).toEqual([1000, 2000, 4000, ...Array(10).fill(5000)])
})

test('GW-4: so is one that ends the stream of a call before its answer, again and again', async () => {
  const { host, opened } = openHost(2)
  const streams = new SessionStreams(host)
  const call = { isOver: false } as UpstreamCall
  streams.resumeCall(call, '0', 1)
  await vi.advanceTimersByTimeAsync(60_000)
  streams.forget(call)
  await vi.advanceTimersByTimeAsync(60_000)
  expect([opened[0], ...waitsOf(opened)]).toEqual([1000, 1000, 2000, 4000, ...Array(10).fill(5000)])
})

test('one whose streams live is asked again when it wants to be, yet not within a second', async () => {
  for (const [retry, wait] of [
    [200, 1000],
    [3000, 3000],
    [90_000, 30_000],
  ] as const) {
    const { host, opened } = openHost(6000, retry)
    const streams = new SessionStreams(host)
    void streams.listen()
    await vi.advanceTimersByTimeAsync(120_000)
    streams.close()
    expect(new Set(waitsOf(opened, 6000))).toEqual(new Set([wait]))
  }
})
