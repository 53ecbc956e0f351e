// A request as the text that goes to the socket in one write. Nothing is sent that could end a line early (SEC-5).
import { checkPair } from '../headers.ts'
import type { HttpRequest } from '../http.ts'

export interface RequestText {
  readonly text: string
  /** `latin1` where each character is one byte, which costs less */
  readonly encoding: 'latin1' | 'utf8'
}

const PATH = /^[\x21-\x7e]+$/

/** @throws HeaderFault, which never holds a value */
export function writeRequest(
  { method, path, headers, body }: HttpRequest,
  host: string,
  keepAlive: boolean,
): RequestText {
  if (!PATH.test(path)) throw new HeaderFault()
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${headers.shared.text}`
  const { own } = headers
  for (let at = 0; at < own.length; at += 2) {
    const name = own[at]!
    const value = own[at + 1]!
    if (!checkPair(name, value)) throw new HeaderFault()
    text += `${name}: ${value}\r\n`
  }
  if (!keepAlive) text += 'connection: close\r\n'
  if (body === null) return { text: `${text}\r\n`, encoding: 'latin1' }
  const bytes = Buffer.byteLength(body)
  text += `content-length: ${bytes}\r\n\r\n${body}`
  return { text, encoding: bytes === body.length ? 'latin1' : 'utf8' }
}

export class HeaderFault extends Error {
  readonly code = 'HEADER_INVALID'
  constructor() {
    super('a header or the path holds characters that cannot be sent')
  }
}
