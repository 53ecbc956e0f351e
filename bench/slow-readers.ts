// Clients that read a huge answer slowly: what grows in the process that stands between them and the server.
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { WireClient } from './client.ts'
import { readRss, type Probe } from './memory.ts'
import type { Target } from './targets.ts'

export const READERS = 8
/** some 64 KiB each time, so that an answer of 8 MiB lasts longer than is looked */
const PIECE_EVERY_MS = 60
const LOOKED_MS = 2_500
const SAMPLE_MS = 50
const WARM_CALLS = 300
const READ_MS = 60_000

/** Bytes for each call under way. */
export interface Stalled {
  /** most of it, garbage included */
  readonly rss: number
  /** live heap and buffers after collections, while all are under way */
  readonly held: number
  /** of the readers, how many got everything in the end */
  readonly whole: number
}

interface Reader {
  /** from now on as fast as it comes */
  hurry(): void
  readonly done: Promise<boolean>
}

export async function measureSlowReaders(target: Target, probe: Probe, answerBytes: number): Promise<Stalled> {
  const clients = await openClients(target)
  const call = (client: WireClient, bytes: number): string =>
    client.buildRequest({
      id: 1,
      method: 'tools/call',
      params: { name: target.tool, arguments: { text: 'n1;', bytes } },
    })
  const before = await probe.ask(target.pid)
  const readers = clients.map((client) => startReader(target.port, call(client, answerBytes), answerBytes))
  let most = 0
  for (const end = performance.now() + LOOKED_MS; performance.now() < end; await wait(SAMPLE_MS)) {
    most = Math.max(most, readRss(target.pid))
  }
  const during = await probe.ask(target.pid)
  for (const reader of readers) reader.hurry()
  const whole = await Promise.all(readers.map((reader) => reader.done))
  return {
    rss: (Math.max(most, during.rss) - before.rss) / READERS,
    held: (during.liveHeap + during.buffers - before.liveHeap - before.buffers) / READERS,
    whole: whole.filter(Boolean).length,
  }
}

/** Sessions of their own, and a process that has seen calls. */
async function openClients(target: Target): Promise<WireClient[]> {
  const clients = target.users
    .slice(0, READERS)
    .map((user) => new WireClient({ ...user, port: target.port, sendToken: target.sendToken, era: 'legacy' }))
  for (const client of clients) await client.open()
  for (let n = 0; n < WARM_CALLS; n++) {
    const params = { name: target.tool, arguments: { text: `n${n};`, bytes: 64 * 1024 } }
    await clients[n % clients.length]?.request({ id: n, method: 'tools/call', params })
  }
  for (const client of clients) client.close()
  return clients
}

function startReader(port: number, request: string, answerBytes: number): Reader {
  let isSlow = true
  let isWhole = false
  let bytes = 0
  let tail = ''
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request))
  const timer = setTimeout(() => socket.destroy(), READ_MS)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    tail = (tail + chunk.subarray(-200).toString('latin1')).slice(-200)
    isWhole = bytes > answerBytes && /\}(\r\n0\r\n\r\n)?$/.test(tail)
    if (isWhole) return socket.destroy()
    if (!isSlow) return
    socket.pause()
    setTimeout(() => socket.resume(), PIECE_EVERY_MS)
  })
  socket.on('close', () => {
    clearTimeout(timer)
    resolve(isWhole)
  })
  return {
    hurry: () => {
      isSlow = false
      socket.resume()
    },
    done: promise,
  }
}
