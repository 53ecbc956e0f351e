// Peers that send a body within its limit as single bytes: what the hub holds of it must be its size, not a hundred times that.
import { Readable } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { LIMITS } from '@mcphub/api'
import { expect, test } from 'vitest'
import { readJsonBody } from '../platform/body.ts'
import type { HubRequest } from '../platform/hub-request.ts'
import { MessageReader } from './codec/message-reader.ts'
import { readBody } from './downstream/body.ts'
import { CollectSink } from './upstream/collect-sink.ts'
import { EventStream } from './upstream/event-stream.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const PIECES = 300_000
/** held as single buffers they take 30 MB and more */
const MOST_BYTES = 8 * 1024 * 1024

async function measureHeld(drip: () => unknown): Promise<number> {
  collect()
  const before = readHeld()
  const kept = await drip()
  collect()
  const held = readHeld() - before
  expect(kept).toBeDefined()
  return held
}

function readHeld(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test('GW-7: a body of single bytes is held in its own size', async () => {
  let take: (chunk: Buffer | null) => void = () => undefined
  let length = 0
  const req = {
    headers: { 'content-type': 'application/json' },
    takeBody: (taker: typeof take) => (take = taker),
  } as unknown as HubRequest
  const held = await measureHeld(() => {
    readBody(
      req,
      (body) => (length = body.length),
      () => undefined,
    )
    for (let at = 0; at < LIMITS.bodyPieces; at++) take(Buffer.from('1'))
    return take
  })
  take(null)
  expect(length).toBe(LIMITS.bodyPieces)
  expect(held).toBeLessThan((MOST_BYTES * LIMITS.bodyPieces) / PIECES)
})

test('GW-7: so is the body of a REST call', async () => {
  let held = 0
  const req = Readable.from(
    (async function* drip() {
      collect()
      const before = readHeld()
      for (let at = 0; at < PIECES; at++) yield Buffer.from('1')
      collect()
      held = readHeld() - before
    })(),
  ) as unknown as IncomingMessage
  req.headers = { 'content-type': 'application/json' }
  expect((await readJsonBody(req, LIMITS.bodyBytes)).length).toBe(PIECES)
  expect(held).toBeLessThan(MOST_BYTES)
})

test('GW-4: a message of a server in single bytes is held in its own size', async () => {
  const reader = new MessageReader(null, PIECES, { begin: () => undefined, chunk: () => true })
  const held = await measureHeld(() => {
    for (let at = 0; at < PIECES; at++) reader.push(Buffer.from('1'))
    return reader
  })
  expect(reader.end()).toMatchObject({ kind: 'message', bytes: Buffer.from('1'.repeat(PIECES)) })
  expect(held).toBeLessThan(MOST_BYTES)
})

test('GW-4: so is an event of a server, also where it is made of empty lines', async () => {
  const events: number[] = []
  const stream = new EventStream(
    { onStreamEvent: (_type, data) => events.push(data.length), onStreamEnd: () => undefined },
    PIECES,
  )
  const controller = { abort: () => undefined, pause: () => undefined, resume: () => undefined }
  stream.onResponseStart(controller, 200, {
    get: (name) => (name === 'content-type' ? 'text/event-stream' : undefined),
  })
  const line = Buffer.from('data\n')
  const held = await measureHeld(() => {
    for (let at = 0; at < PIECES; at++) stream.onResponseData(controller, line)
    return stream
  })
  stream.onResponseData(controller, Buffer.from('\n'))
  expect(events).toEqual([PIECES - 1])
  expect(held).toBeLessThan(MOST_BYTES)
})

test('GW-4: so is an answer that the hub reads itself', async () => {
  const sink = new CollectSink()
  const held = await measureHeld(() => {
    sink.begin()
    for (let at = 0; at < PIECES; at++) sink.chunk(Buffer.from(at === 0 ? '{' : at === PIECES - 1 ? '}' : ' '))
    return sink
  })
  sink.end()
  expect(await sink.reply).toEqual({})
  expect(held).toBeLessThan(MOST_BYTES)
})
