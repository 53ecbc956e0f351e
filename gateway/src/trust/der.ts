// The few shapes of DER (X.690) that a certificate needs, written and never read: what is read back, Node's own X509Certificate reads.
export const SEQUENCE = 0x30
export const SET = 0x31
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const UTF8_STRING = 0x0c

/** `[n] EXPLICIT`, or a constructed `[n]`. */
export const context = (number: number): number => 0xa0 | number
/** a primitive `[n]`, as the names within a subjectAltName are */
export const primitive = (number: number): number => 0x80 | number

export function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag), lengthOf(body.length), body])
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  const short = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.of(0x80 | short.length), short])
}

/** A positive INTEGER of these bytes. */
export function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

export const boolean = (value: boolean): Buffer => tlv(0x01, Buffer.of(value ? 0xff : 0))

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f))
  return digits
}

/** UTCTime to 2049, GeneralizedTime from 2050 on, as RFC 5280 §4.1.2.5 wants it. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return at.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits))
}
