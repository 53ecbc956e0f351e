// The hub's one kind of token: a prefix and 256 random bits, kept only as a SHA-256 (so many bits need no pepper and no slow hash).
import { hash, randomBytes } from 'node:crypto'

const KEY_PREFIX = 'mcphub_'
const SETUP_PREFIX = 'mcphub_setup_'
const SESSION_PREFIX = 'mcphub_session_'
const LINK_PREFIX = 'mcphub_link_'

const createToken = (prefix: string): string => prefix + randomBytes(32).toString('hex')

export const createHubKey = (): string => createToken(KEY_PREFIX)
export const createSetupSecret = (): string => createToken(SETUP_PREFIX)
export const createSessionToken = (): string => createToken(SESSION_PREFIX)
export const createLinkToken = (): string => createToken(LINK_PREFIX)

export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

/** The same as text; without a buffer in between, for every request comes here. */
export function hashTokenHex(token: string): string {
  return hash('sha256', token, 'hex')
}
