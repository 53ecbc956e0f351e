// Memory for large pieces on their way to a client, used again and again. Fresh memory for each would weigh on the collector, which counts it though it
// lies outside its heap: a fifth of what a large answer cost.
const BLOCK_BYTES = 128 * 1024
/** 8 MiB; beyond it memory is made and dropped as ever */
const MOST_KEPT = 64
/** below, node's own pool is cheaper */
const LEAST_BYTES = 4 * 1024

const free: Buffer[] = []

/**
 * Hands `write` a copy of the bytes and what is to be called when nobody reads the copy any more. Never call it twice; not calling it is only a waste.
 * Each block holds one copy at a time, and a copy never shows more than its own bytes.
 */
export function lend<T>(bytes: Buffer, write: (copy: Buffer, giveBack: (() => void) | undefined) => T): T {
  if (bytes.length < LEAST_BYTES || bytes.length > BLOCK_BYTES) return write(Buffer.from(bytes), undefined)
  const block = free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES)
  bytes.copy(block)
  return write(block.subarray(0, bytes.length), () => {
    if (free.length < MOST_KEPT) free.push(block)
  })
}
