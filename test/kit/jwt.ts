// JSON Web Tokens made by hand, so that a test can make wrong ones: whatever the header says, signed by whatever key.
import { KeyObject, createHmac, sign, type webcrypto } from 'node:crypto'

/** RFC 7519 §4.1 */
export interface JwtPayload {
  iss?: string | undefined
  sub?: string | undefined
  aud?: string | string[] | undefined
  jti?: string | undefined
  nbf?: number | undefined
  exp?: number | undefined
  iat?: number | undefined
  [name: string]: unknown
}

export interface JwtHeader {
  readonly alg: string
  readonly kid?: string
  readonly typ?: string
}

/** a secret as bytes */
export type JwtKey = KeyObject | webcrypto.CryptoKey | Uint8Array

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** RS, ES and HS with 256 or 384 bits. */
export function signJwt(header: JwtHeader, payload: JwtPayload, key: JwtKey): string {
  const text = `${part(header)}.${part(payload)}`
  const hash = `sha${header.alg.slice(2)}`
  const bytes = Buffer.from(text)
  const signature =
    key instanceof Uint8Array
      ? createHmac(hash, key).update(bytes).digest()
      : sign(hash, bytes, { key: toKeyObject(key), dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

const toKeyObject = (key: Exclude<JwtKey, Uint8Array>): KeyObject =>
  key instanceof KeyObject ? key : KeyObject.from(key)

export const readPayload = (token: string): JwtPayload =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JwtPayload
