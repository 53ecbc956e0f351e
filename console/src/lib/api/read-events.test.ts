import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readEvents, type HeardEvent } from './read-events.ts'

/** The bytes of a stream, cut wherever `cuts` says. */
function streamOf(text: string, cuts: readonly number[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  const pieces = places.slice(1).map((end, at) => bytes.slice(places[at], end))
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<HeardEvent[]> {
  const heard: HeardEvent[] = []
  for await (const one of readEvents(stream)) heard.push(one)
  return heard
}

test('events come out as they went in, however the bytes are cut (property)', async () => {
  const events = fc.array(fc.record({ event: fc.constantFrom('a', 'result'), data: fc.jsonValue() }), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(events, fc.array(fc.nat(), { maxLength: 30 }), async (sent, cuts) => {
      const text = sent
        .map(({ event, data }) => `event: ${event}\nid: 1\ndata: ${JSON.stringify(data)}\n\n:\n\n`)
        .join('')
      expect(await readAll(streamOf(text, cuts))).toEqual(JSON.parse(JSON.stringify(sent)))
    }),
  )
})

test('an event of megabytes in thousands of pieces takes no time to speak of', async () => {
  const data = 'x'.repeat(4_000_000)
  const cuts = Array.from({ length: 4_000 }, (_, at) => at * 1_000)
  const startedAt = performance.now()
  expect(await readAll(streamOf(`event: result\ndata: "${data}"\n\n`, cuts))).toEqual([{ event: 'result', data }])
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

test('what was not ended by its blank line is no event', async () => {
  expect(await readAll(streamOf('event: a\ndata: 1\n\nevent: b\ndata: 2\n', []))).toEqual([{ event: 'a', data: 1 }])
})

test('whoever stops listening ends the stream', async () => {
  let isCanceled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('event: a\ndata: 1\n\n')),
    cancel: () => void (isCanceled = true),
  })
  for await (const { event } of readEvents(endless)) {
    expect(event).toBe('a')
    break
  }
  expect(isCanceled).toBe(true)
})
