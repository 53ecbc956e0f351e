// Both ways in as one: which of the two a principal came by is told by the principal itself.
import type { KeyAuthenticator } from './authenticator.ts'
import type { Identities, LivePrincipals, Principal } from './principal.ts'

export interface HubIdentities extends Identities, LivePrincipals {
  start(): void
  /** Writes the last uses. */
  stop(): Promise<void>
}

/** `sessions` is an authenticator over the store of console sessions. */
export function createIdentities(keys: KeyAuthenticator, sessions: KeyAuthenticator): HubIdentities {
  const both = [keys, sessions]
  const of = (principal: Principal): KeyAuthenticator => (principal.via === 'console' ? sessions : keys)
  const onBoth = (subscribe: (one: KeyAuthenticator) => () => void): (() => void) => {
    const stops = both.map(subscribe)
    return () => {
      for (const stop of stops) stop()
    }
  }
  return {
    authenticate: (presented) => keys.authenticate(presented),
    authenticateSession: (token) => sessions.authenticate({ query: null, bearer: token }),
    isLive: (principal) => of(principal).isLive(principal),
    onRevoked: (listener) => onBoth((one) => one.onRevoked(listener)),
    current: (principal) => of(principal).current(principal),
    onChanged: (listener) => onBoth((one) => one.onChanged(listener)),
    start() {
      for (const one of both) one.start()
    },
    async stop() {
      await Promise.all(both.map((one) => one.stop()))
    },
  }
}
