// Reads a request body up to the published limit, never more; refuses what is compressed, mistyped or too large. Slow ones are cut by the
// listener (platform/listener.ts).
import type { IncomingMessage } from 'node:http'
import { HubError, LIMITS } from '@mcphub/api'

/** Calls back once, unless the client leaves before its body is whole: then never, and nothing is kept. */
export function readBody(req: IncomingMessage, done: (body: Buffer) => void, failed: (error: HubError) => void): void {
  const fault = checkHeaders(req)
  if (fault !== null) return failed(fault)
  const chunks: Buffer[] = []
  let bytes = 0
  function stop(): void {
    req.off('data', onData)
    req.off('end', onEnd)
  }
  function onData(chunk: Buffer): void {
    bytes += chunk.length
    if (bytes <= LIMITS.bodyBytes) return void chunks.push(chunk)
    stop()
    failed(tooLarge())
  }
  function onEnd(): void {
    stop()
    const [only] = chunks
    done(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks))
  }
  req.on('data', onData)
  req.on('end', onEnd)
}

const JSON_TYPE = /^application\/json\s*(?:;|$)/i

function checkHeaders(req: IncomingMessage): HubError | null {
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
