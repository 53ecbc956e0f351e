// A flow of logging in, from the way to the provider to the way back: state, nonce and PKCE verifier, bound to the one browser that began it.
// What is kept of it opens nothing: state and browser by their hashes, the verifier sealed.
import { createHash, randomBytes } from 'node:crypto'
import { hashToken } from '../../auth/tokens.ts'
import { type SealRing, SealFault, openValue, sealValue } from '../../secrets/seal.ts'
import { Secret } from '../../secrets/secret.ts'
import type { FlowStore } from './flow-store.ts'

export interface DrawnFlow {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  /** S256 of the verifier */
  readonly challenge: string
  /** for the cookie of this browser */
  readonly browser: Secret
}

/** What is known at the way there and needed at the way back. */
export interface FlowFacts {
  /** id of the setting */
  readonly provider: string
  readonly returnTo: string
  /** whose account is linked; null: somebody logs in */
  readonly linkUser: string | null
}

export type TakenFlow = FlowFacts & { readonly nonce: string; readonly verifier: string }

export interface Flows {
  draw(): DrawnFlow
  /** @throws HubError `database_unavailable` */
  keep(drawn: DrawnFlow, facts: FlowFacts): Promise<void>
  /** Once, and for the browser that began it; null else. @throws HubError `database_unavailable` */
  take(state: string, browser: string): Promise<TakenFlow | null>
}

export interface FlowsDeps {
  readonly store: Pick<FlowStore, 'put' | 'take'>
  readonly ring: SealRing
}

export const FLOW_MS = 10 * 60_000

const RANDOM_BYTES = 32
const draw = (): string => randomBytes(RANDOM_BYTES).toString('base64url')
const OWNER = 'login'

export function createFlows({ store, ring }: FlowsDeps): Flows {
  const placeOf = (stateSha256: Buffer) => ({ owner: OWNER, name: stateSha256.toString('hex') })
  return {
    draw() {
      const verifier = draw()
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      return { state: draw(), nonce: draw(), verifier, challenge, browser: new Secret(draw()) }
    },
    async keep({ state, nonce, verifier, browser }, facts) {
      const stateSha256 = hashToken(state)
      const sealed = sealValue(ring, placeOf(stateSha256), verifier)
      const row = { stateSha256, browserSha256: hashToken(browser.reveal()), nonce, verifier: sealed }
      await store.put({ ...facts, ...row }, FLOW_MS)
    },
    async take(state, browser) {
      const row = await store.take(hashToken(state), hashToken(browser))
      if (row === null) return null
      const { provider, returnTo, linkUser, nonce, stateSha256 } = row
      try {
        const verifier = openValue(ring, placeOf(stateSha256), row.verifier)
        return { provider, returnTo, linkUser, nonce, verifier }
      } catch (thrown) {
        // the key ring went on in these minutes
        if (thrown instanceof SealFault) return null
        throw thrown
      }
    },
  }
}
