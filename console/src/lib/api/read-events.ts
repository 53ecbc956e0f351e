// Server-sent events of an answer to a POST, which the browser's own EventSource cannot make: for await (const { event, data } of readEvents(body)).

export interface HeardEvent {
  readonly event: string
  /** parsed JSON */
  readonly data: unknown
}

/** Ends with the stream; a block that is no event (a keep-alive) is passed over. @throws whatever reading the stream throws */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<HeardEvent> {
  for await (const block of readBlocks(body)) {
    const heard = parseBlock(block)
    if (heard !== null) yield heard
  }
}

/** Texts between blank lines; what the last of them does not end is none. */
async function* readBlocks(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  // in pieces: an event may be megabytes, and to look through all of it again with each piece would take its square
  let pieces: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const blocks = (lastOf(pieces) + decoder.decode(value, { stream: true })).split('\n\n')
      const before = pieces.slice(0, -1)
      const open = cutTail(blocks.pop()!)
      const [first, ...others] = blocks
      pieces = first === undefined ? [...before, ...open] : open
      if (first !== undefined) yield* [before.join('') + first, ...others]
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

const lastOf = (pieces: readonly string[]): string => pieces.at(-1) ?? ''

/** The end of a block may stand on the edge of two pieces: only the last character is looked at again. */
const cutTail = (text: string): string[] => [text.slice(0, -1), text.slice(-1)]

function parseBlock(block: string): HeardEvent | null {
  const lines = block.split('\n')
  const valueOf = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
  const data = valueOf('data')
  return data === undefined ? null : { event: valueOf('event') ?? 'message', data: JSON.parse(data) as unknown }
}
