// Sealed values at rest: AES-256-GCM under a random key of its own, that key wrapped by a key of the ring. Both are bound to
// the owner and the name: a value moved to another row does not open. Rotation wraps the small key again and never touches the value.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

export interface SealKey {
  readonly id: string
  readonly key: Buffer
}

export interface SealRing {
  readonly current: SealKey
  find(id: string): SealKey | null
}

/** What a value belongs to: user id (or a fixed word for the organisation) and variable name. */
export interface SealPlace {
  readonly owner: string
  readonly name: string
}

export interface SealedValue {
  readonly keyId: string
  readonly bytes: Buffer
}

/** The value does not open: wrong place, changed bytes, or a key the ring does not have. */
export class SealFault extends Error {
  readonly reason: 'unknown_key' | 'not_authentic' | 'malformed'
  constructor(reason: SealFault['reason']) {
    super(`A sealed value does not open: ${reason}`)
    this.name = 'SealFault'
    this.reason = reason
  }
}

const VERSION = 1
const IV = 12
const TAG = 16
const DEK = 32
const WRAPPED = IV + DEK + TAG
const ALGORITHM = 'aes-256-gcm'

/** As JSON, so that no two places share their bytes. */
function placeBytes(place: SealPlace, layer: 'value' | 'key', keyId = ''): Buffer {
  return Buffer.from(JSON.stringify([VERSION, layer, keyId, place.owner, place.name]))
}

function encrypt(key: Buffer, text: Buffer, aad: Buffer): Buffer {
  const iv = randomBytes(IV)
  const cipher = createCipheriv(ALGORITHM, key, iv)
  cipher.setAAD(aad)
  const body = Buffer.concat([cipher.update(text), cipher.final()])
  return Buffer.concat([iv, body, cipher.getAuthTag()])
}

function decrypt(key: Buffer, box: Buffer, aad: Buffer): Buffer {
  const decipher = createDecipheriv(ALGORITHM, key, box.subarray(0, IV), { authTagLength: TAG })
  decipher.setAAD(aad)
  decipher.setAuthTag(box.subarray(box.length - TAG))
  try {
    return Buffer.concat([decipher.update(box.subarray(IV, box.length - TAG)), decipher.final()])
  } catch {
    throw new SealFault('not_authentic')
  }
}

export function sealValue(ring: SealRing, place: SealPlace, value: string): SealedValue {
  const { id, key } = ring.current
  const dek = randomBytes(DEK)
  const wrapped = encrypt(key, dek, placeBytes(place, 'key', id))
  const body = encrypt(dek, Buffer.from(value, 'utf8'), placeBytes(place, 'value'))
  return { keyId: id, bytes: Buffer.concat([Buffer.of(VERSION), wrapped, body]) }
}

function unwrap(ring: SealRing, place: SealPlace, sealed: SealedValue): Buffer {
  const { bytes, keyId } = sealed
  if (bytes.length < 1 + WRAPPED + IV + TAG || bytes[0] !== VERSION) throw new SealFault('malformed')
  const key = ring.find(keyId)
  if (!key) throw new SealFault('unknown_key')
  return decrypt(key.key, bytes.subarray(1, 1 + WRAPPED), placeBytes(place, 'key', keyId))
}

/** @throws SealFault; never anything that holds the value */
export function openValue(ring: SealRing, place: SealPlace, sealed: SealedValue): string {
  const dek = unwrap(ring, place, sealed)
  return decrypt(dek, sealed.bytes.subarray(1 + WRAPPED), placeBytes(place, 'value')).toString('utf8')
}

/** The same value under the ring's current key. @throws SealFault */
export function resealValue(ring: SealRing, place: SealPlace, sealed: SealedValue): SealedValue {
  const { id, key } = ring.current
  const wrapped = encrypt(key, unwrap(ring, place, sealed), placeBytes(place, 'key', id))
  return { keyId: id, bytes: Buffer.concat([Buffer.of(VERSION), wrapped, sealed.bytes.subarray(1 + WRAPPED)]) }
}
