// Small JSON values the hub hands out and gets back (session ids, cursors, request states): AES-256-GCM, one purpose each, key rotation by
// trying every key of the ring. Nothing a client sends is believed unless it opens.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'

const NONCE = 12
const TAG = 16

export interface Sealer {
  seal(value: unknown): string
  /** null: not ours, of another purpose or binding, damaged */
  open(text: string): unknown
}

/** `keys`: 32 bytes each, the current one first. `purpose` and `binding` are authenticated, not stored. */
export function createSealer(keys: () => readonly Buffer[], purpose: string, binding = ''): Sealer {
  const aad = Buffer.from(`mcphub\n${purpose}\n${binding}`)
  return makeSealer(keys, aad, () => randomBytes(NONCE))
}

/** The same value gets the same text each time (until the key changes): for ids that clients compare. The nonce comes from what is sealed. */
export function createStableSealer(keys: () => readonly Buffer[], purpose: string, binding = ''): Sealer {
  const aad = Buffer.from(`mcphub\n${purpose}\n${binding}`)
  return makeSealer(keys, aad, (key, text) =>
    createHmac('sha256', key).update('nonce\n').update(aad).update('\n').update(text).digest().subarray(0, NONCE),
  )
}

function makeSealer(
  keys: () => readonly Buffer[],
  aad: Buffer,
  makeNonce: (key: Buffer, text: string) => Buffer,
): Sealer {
  return {
    seal(value) {
      const [key] = keys()
      if (key === undefined) throw new Error('no sealing key')
      const text = JSON.stringify(value)
      const nonce = makeNonce(key, text)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
      const body = cipher.update(text, 'utf8')
      cipher.final()
      return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url')
    },
    open(text) {
      const bytes = Buffer.from(text, 'base64url')
      // one text per value: a decoder that skips foreign characters would let many ids mean one session
      if (bytes.length <= NONCE + TAG || bytes.toString('base64url') !== text) return null
      for (const key of keys()) {
        const value = tryOpen(key, aad, bytes)
        if (value !== null) return value
      }
      return null
    },
  }
}

function tryOpen(key: Buffer, aad: Buffer, bytes: Buffer): unknown {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE)).setAAD(aad)
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG))
    const body = decipher.update(bytes.subarray(NONCE, bytes.length - TAG))
    decipher.final()
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    return null
  }
}
