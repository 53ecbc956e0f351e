// Loaded into a measured process with --import: on SIGUSR2 it collects garbage until the live heap is steady, and writes what is left to the file that
// BENCH_PROBE names. It does nothing until then.
import { renameSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** In bytes. */
export interface Held {
  /** of JavaScript objects */
  readonly liveHeap: number
  /** of it, what V8 compiled: it goes on doing so for minutes, and no program can leak it */
  readonly code: number
  /** of buffers outside of it */
  readonly buffers: number
  readonly rss: number
}

const STEADY_BYTES = 24 * 1024
const PAUSE_MS = 120
const TRIES = { least: 3, most: 15 }

async function collect(gc: () => void): Promise<Held> {
  let before = Infinity
  for (let n = 0; n < TRIES.most; n++) {
    gc()
    const now = getHeapStatistics().used_heap_size
    if (n >= TRIES.least && Math.abs(before - now) < STEADY_BYTES) break
    before = now
    // batches that wait are written meanwhile, and finalisers run
    await wait(PAUSE_MS)
  }
  const { arrayBuffers, rss } = process.memoryUsage()
  return { liveHeap: getHeapStatistics().used_heap_size, code: readCodeBytes(), buffers: arrayBuffers, rss }
}

/** Machine code, and the bytecode it comes from. */
const readCodeBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name }) => /^(code|trusted)_/.test(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0)

const file = process.env['BENCH_PROBE']
if (file !== undefined) {
  setFlagsFromString('--expose-gc')
  // code that was not used for some collections would leave the heap between two looks at it
  setFlagsFromString('--no-flush-bytecode')
  const gc = runInNewContext('gc') as () => void
  process.on('SIGUSR2', () => {
    void collect(gc).then((held) => {
      writeFileSync(`${file}.new`, JSON.stringify(held))
      renameSync(`${file}.new`, file)
    })
  })
}
