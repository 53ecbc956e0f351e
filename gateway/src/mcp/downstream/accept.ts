// The Accept header → which forms of an answer the client can take. Clients in the field send `*/*` or one of the two types.
export interface Accepts {
  readonly json: boolean
  readonly sse: boolean
}

const BOTH: Accepts = { json: true, sse: true }
const JSON_ONLY: Accepts = { json: true, sse: false }
const known = new Map<string, Accepts>()
const KNOWN_LIMIT = 256
const SSE_TYPES: ReadonlySet<string> = new Set(['text/event-stream', 'text/*'])
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*'])

/** `*\/*` and no header mean JSON: who can read a stream says so. */
export function readAccept(header: string | undefined): Accepts {
  if (header === undefined) return JSON_ONLY
  const cached = known.get(header)
  if (cached !== undefined) return cached
  const accepts = parseAccept(header)
  if (known.size < KNOWN_LIMIT && header.length < 256) known.set(header, accepts)
  return accepts
}

function parseAccept(header: string): Accepts {
  let json = false
  let sse = false
  for (const part of header.toLowerCase().split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim())
    if (parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) continue
    if (SSE_TYPES.has(type)) sse = true
    if (JSON_TYPES.has(type)) json = true
  }
  return json && sse ? BOTH : { json, sse }
}
