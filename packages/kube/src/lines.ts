// Cuts a stream of bytes into lines, as a watch sends them: one JSON document per line, split anywhere on its way. Bounded: a line longer
// than the limit ends the stream with an error instead of filling the memory.

const NEWLINE = 0x0a

/** Yields every line without its newline. The bytes after the last newline are an unfinished document and are dropped. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<string> {
  let kept: Uint8Array[] = []
  let keptBytes = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...kept, chunk.subarray(from, at)]).toString('utf8')
      kept = []
      keptBytes = 0
      from = at + 1
      if (line.length > 0) yield line
    }
    if (from === chunk.length) continue
    kept.push(chunk.subarray(from))
    keptBytes += chunk.length - from
    if (keptBytes > limitBytes) throw new RangeError(`a line is longer than ${limitBytes} bytes`)
  }
}
