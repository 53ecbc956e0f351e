// Reads a request body up to the published limit, never more; refuses what is compressed, mistyped or too large. Slow ones are cut by the
// listener (platform/listener.ts).
import { HubError, LIMITS } from '@mcphub/api'
import { Gathered } from '../../platform/gathered.ts'
import type { HubRequest } from '../../platform/hub-request.ts'

/** Calls back once, unless the client leaves before its body is whole: then never, and nothing is kept. */
export function readBody(req: HubRequest, done: (body: Buffer) => void, failed: (error: HubError) => void): void {
  const fault = checkHeaders(req)
  if (fault !== null) return failed(fault)
  let held: Buffer | null = null
  let more: Gathered | null = null
  let bytes = 0
  let pieces = 0
  let isRefused = false
  req.takeBody((chunk) => {
    if (isRefused) return
    if (chunk === null) return done(more === null ? (held ?? EMPTY) : more.take())
    bytes += chunk.length
    if (bytes > LIMITS.bodyBytes || ++pieces > LIMITS.bodyPieces) {
      isRefused = true
      held = null
      more = null
      failed(bytes > LIMITS.bodyBytes ? tooLarge() : tooManyPieces())
    } else if (held === null) held = chunk
    else {
      if (more === null) (more = new Gathered()).add(held)
      more.add(chunk)
    }
  })
}

const EMPTY = Buffer.alloc(0)
const JSON_TYPE = /^application\/json\s*(?:;|$)/i

function checkHeaders(req: HubRequest): HubError | null {
  const type = req.headers['content-type']
  if (type !== 'application/json' && (type === undefined || !JSON_TYPE.test(type))) {
    return new HubError('unsupported_media_type', 'Send the body as application/json')
  }
  const encoding = req.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return new HubError('unsupported_media_type', 'Send the body without compression')
  }
  const length = req.headers['content-length']
  return length !== undefined && Number(length) > LIMITS.bodyBytes ? tooLarge() : null
}

function tooLarge(): HubError {
  return new HubError('payload_too_large', `The body is larger than ${LIMITS.bodyBytes} bytes`)
}

function tooManyPieces(): HubError {
  return new HubError(
    'payload_too_large',
    `The body comes in more than ${LIMITS.bodyPieces} pieces; send larger chunks`,
  )
}
