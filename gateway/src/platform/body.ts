// The JSON body of a REST call: declared as JSON, in UTF-8, not compressed, at most 4 MiB, refused by its declared length before a byte
// is read (threats.md GW-7). A form or plain text, which a foreign page may send without asking, is never taken (CON-1).
import type { IncomingMessage } from 'node:http'
import { HubError, LIMITS } from '@mcphub/api'
import { Gathered } from './gathered.ts'

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i

/** The raw bytes. @throws HubError `unsupported_media_type`, `payload_too_large`, `invalid_request` (cut off) */
export async function readJsonBody(request: IncomingMessage, limit: number = LIMITS.bodyBytes): Promise<Buffer> {
  checkHead(request, limit)
  const body = new Gathered()
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      body.add(chunk)
      if (body.bytes > limit) throw tooLarge(limit)
    }
  } catch (error) {
    if (error instanceof HubError) throw error
    throw new HubError('invalid_request', 'The body was cut off', {}, { cause: error })
  }
  return body.take()
}

function checkHead(request: IncomingMessage, limit: number): void {
  const { headers } = request
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) {
    throw new HubError('unsupported_media_type', 'Send JSON: Content-Type: application/json, in UTF-8')
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new HubError('unsupported_media_type', 'Send the body as it is, without Content-Encoding')
  }
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
}

const tooLarge = (limit: number) => new HubError('payload_too_large', `A body may have ${limit} bytes`)
