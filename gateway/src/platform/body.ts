// The body of a REST call: declared as JSON (on the few routes that say so a form), in UTF-8, not compressed, at most as
// long as the route takes (BODY_SIZES), refused by its declared length before a byte is read (GW-7). What a foreign page may send without asking, a form or plain text, is taken for no JSON (CON-1).
import type { IncomingMessage } from 'node:http'
import { HubError } from '@mcphub/api'
import { Gathered } from './gathered.ts'

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i
const FORM_BYTES = 64 * 1024

/** The raw bytes. @throws HubError `unsupported_media_type`, `payload_too_large`, `invalid_request` (cut off) */
export async function readJsonBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    throw new HubError('unsupported_media_type', 'Send JSON: Content-Type: application/json, in UTF-8')
  }
  return readBytes(request, limit)
}

/** The fields of a form, each once. @throws HubError `unsupported_media_type`, `payload_too_large`, `invalid_request` */
export async function readFormBody(request: IncomingMessage, limit = FORM_BYTES): Promise<Record<string, string>> {
  if (!FORM_TYPE.test(request.headers['content-type'] ?? '')) {
    throw new HubError('unsupported_media_type', 'Send Content-Type: application/x-www-form-urlencoded')
  }
  const pairs = [...new URLSearchParams((await readBytes(request, limit)).toString('utf8'))]
  const fields = Object.fromEntries(pairs)
  if (Object.keys(fields).length !== pairs.length) throw new HubError('invalid_request', 'A field stands twice')
  return fields
}

async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
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
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new HubError('unsupported_media_type', 'Send the body as it is, without Content-Encoding')
  }
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
}

const tooLarge = (limit: number) => new HubError('payload_too_large', `A body may have ${limit} bytes`)
