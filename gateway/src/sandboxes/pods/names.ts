// Names of sandboxes and of people in them: keyed hashes, the same on every replica, that reveal nobody (BOX-8). Pure.
import { createHmac } from 'node:crypto'
import type { SandboxOwner } from '../sandboxes.ts'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const SERVER_SHARE = 30
const NAME_HASH = 26
const USER_HASH = 32

export type SandboxKind = 'shared' | 'discovery' | 'user'

/** What is the same for all children of one sandbox. */
export interface SandboxIdentity {
  readonly name: string
  /** absent for what is nobody's */
  readonly userRef: string | null
  readonly kind: SandboxKind
}

export class Names {
  readonly #hubId: string

  /** `hubId`: the hub's own, which no rotation of keys changes */
  constructor(hubId: string) {
    this.#hubId = hubId
  }

  identify(server: { readonly name: string; readonly uid: string }, owner: SandboxOwner): SandboxIdentity {
    const kind: SandboxKind = owner.discovery ? 'discovery' : owner.userId === null ? 'shared' : 'user'
    const userId = kind === 'user' ? owner.userId! : null
    const hash = this.#hash(JSON.stringify([userId ?? '', server.uid, kind]), NAME_HASH)
    const name = `${server.name.slice(0, SERVER_SHARE)}-${hash}`
    return { name, kind, userRef: userId === null ? null : this.userRef(userId) }
  }

  userRef(userId: string): string {
    return this.#hash(userId, USER_HASH)
  }

  /** Which child of a pod: one for all sessions, or one for this one. */
  childKey(sessionId: string | null): string {
    return sessionId === null ? 'shared' : this.#hash(`session ${sessionId}`, NAME_HASH)
  }

  #hash(text: string, length: number): string {
    return base32(createHmac('sha256', this.#hubId).update(text).digest()).slice(0, length)
  }
}

/** The id under which people see, read and stop one child. */
export const idOf = (name: string, key: string): string => (key === 'shared' ? name : `${name}.${key.slice(0, 12)}`)

function base32(bytes: Buffer): string {
  let text = ''
  let [bits, held] = [0, 0]
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >>> (bits - 5)) & 31]
  }
  return text
}
