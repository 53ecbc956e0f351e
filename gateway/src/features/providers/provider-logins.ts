// Logging in through a provider from end to end: the way there, the way back, linking an account to a person who is logged in, and a provider's
// word that somebody logged out. What goes wrong on the way is told to the page the person sees next; whoever runs the hub reads it in the log.
import { createHash } from 'node:crypto'
import { HubError, type LoginFault, type ProviderKind, toHubError } from '@mcphub/api'
import type { ConsoleSessions, CreatedSession, Visitor } from '../../auth/console-sessions.ts'
import type { Transactor } from '../../db/unit.ts'
import type { Logger } from '../../platform/logger.ts'
import { createAddressLimits } from '../../platform/client-address.ts'
import type { RateLimiter } from '../../platform/rate-limiter.ts'
import type { Secret } from '../../secrets/secret.ts'
import type { AccountStore } from './account-store.ts'
import type { Accounts } from './accounts.ts'
import { checkAllowed } from './allow-list.ts'
import type { ClaimsBook } from './claims.ts'
import type { FlowStore } from './flow-store.ts'
import type { Flows, TakenFlow } from './flows.ts'
import { LoginRefusal } from './login-refusal.ts'
import { LOGOUT_TOKEN_SECONDS, readLogoutToken } from './logout-token.ts'
import type { Proof } from './provider.ts'
import type { ProviderSetting } from './provider-settings.ts'
import type { Providers } from './providers.ts'
import { redirectUriOf } from './redirect-uri.ts'
import { toReturnPath } from './return-path.ts'

/** Of the browser that asks. */
export interface Asker {
  /** the hub's own origin, as this browser sees it */
  readonly origin: string
  /** whether a session may travel on this connection */
  readonly mayLogIn: boolean
  readonly requestId: string
  /** it is counted by */
  readonly address: string
}

export interface Start extends Asker {
  readonly kind: ProviderKind | null
  /** null: the only one of its kind */
  readonly provider: string | null
  readonly returnTo: string | undefined
  /** whose account is linked; null: somebody logs in */
  readonly linkUser: string | null
}

export interface Return extends Asker {
  /** at whose address the browser arrived */
  readonly provider: string
  readonly query: URLSearchParams
  /** of the flow's cookie */
  readonly browser: string | null
  /** who is logged in here already; null: nobody */
  readonly readUserId: () => Promise<string | null>
  readonly visitor: Visitor
}

export interface Refused {
  readonly kind: 'refused'
  readonly fault: LoginFault
  readonly retryAfterSeconds: number | null
  readonly isLink: boolean
  /** id of the setting, once it is known */
  readonly provider: string | null
  /** who was logged out with it, because the provider proved that they must not come in any more */
  readonly ended: string | null
}
export type Started = Refused | { readonly kind: 'started'; readonly location: URL; readonly browser: Secret }
export type Finished =
  | Refused
  | { readonly kind: 'entered'; readonly created: CreatedSession; readonly returnTo: string; readonly provider: string }
  | { readonly kind: 'linked'; readonly provider: string }

export interface ProviderLogins {
  start(start: Start): Promise<Started>
  finish(back: Return): Promise<Finished>
  /** Whose sessions ended; null: nobody's. @throws HubError `invalid_request`, `too_many_requests`, `server_unavailable` */
  logOut(provider: string, token: string, address: string): Promise<string | null>
}

export interface ProviderLoginDeps {
  readonly providers: Providers
  readonly flows: Flows
  readonly flowStore: Pick<FlowStore, 'claimOnce'>
  readonly accounts: Accounts
  readonly accountStore: Pick<AccountStore, 'findOwner' | 'lock'>
  readonly claims: Pick<ClaimsBook, 'replace' | 'end'>
  readonly sessions: Pick<ConsoleSessions, 'create' | 'endOfProviderIn'>
  readonly transactor: Transactor
  readonly limiter: RateLimiter
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** of one address, which may be a whole company's */
const STARTS_PER_MINUTE = 600
const REFUSED_LOGOUTS_PER_MINUTE = 600
/** of all: what is kept of ten minutes of them has some twenty megabytes */
const ALL_STARTS_PER_MINUTE = 3_000
/** of two people with the same wish at the same moment one gets the name, the other the next */
const ATTEMPTS = 3

interface Entry {
  readonly setting: ProviderSetting
  readonly proof: Proof
  readonly visitor: Visitor
}

export function createProviderLogins(deps: ProviderLoginDeps): ProviderLogins {
  const { providers, flows, accounts, claims, sessions, transactor, limiter, logger } = deps

  const takeFrom = createAddressLimits(limiter)

  function takeTurn(address: string): void {
    const wait = takeFrom('login-flow', address, STARTS_PER_MINUTE) || limiter.take('login-flow', ALL_STARTS_PER_MINUTE)
    if (wait > 0) throw new LoginRefusal('too_many', { retryAfterSeconds: wait })
  }

  /** @throws in the place of a refusal, where there were too many of them */
  function countRefused(thrown: unknown, address: string): void {
    if (!(thrown instanceof HubError) || thrown.code !== 'invalid_request') return
    const wait = takeFrom('provider-logout', address, REFUSED_LOGOUTS_PER_MINUTE)
    if (wait > 0) throw new HubError('too_many_requests', 'Too many calls', { retryAfterSeconds: wait })
  }

  async function begin(start: Start): Promise<Started> {
    if (!start.mayLogIn) throw new LoginRefusal('needs_https')
    takeTurn(start.address)
    const { setting, provider } = providers.choose(start) ?? throwUnknown()
    const drawn = flows.draw()
    const { state, nonce, challenge, browser } = drawn
    const redirectUri = redirectUriOf(start.origin, setting.id)
    const location = await provider.begin({ redirectUri, state, nonce, challenge })
    const returnTo = toReturnPath(start.returnTo, start.origin)
    await flows.keep(drawn, { provider: setting.id, returnTo, linkUser: start.linkUser })
    return { kind: 'started', location, browser }
  }

  async function takeFlow({
    query,
    browser,
    readUserId,
    mayLogIn,
  }: Return): Promise<TakenFlow & { readonly state: string }> {
    if (!mayLogIn) throw new LoginRefusal('needs_https')
    const state = query.get('state')
    const flow = state === null || browser === null ? null : await flows.take(state, browser)
    if (state === null || flow === null) throw new LoginRefusal('flow_not_valid')
    // who asked for the link has logged out meanwhile, or is somebody else by now
    if (flow.linkUser !== null && flow.linkUser !== (await readUserId())) throw new LoginRefusal('flow_not_valid')
    return { ...flow, state }
  }

  /** Everything the provider proves, and whether it is enough. */
  async function prove(back: Return, flow: TakenFlow & { readonly state: string }): Promise<Entry> {
    // a code that another provider gave is shown to nobody
    if (back.provider !== flow.provider)
      throw new LoginRefusal('answer_not_valid', { detail: `came back to the address of ${back.provider}` })
    const { setting, provider } = providers.find(flow.provider) ?? throwUnknown()
    const { state, nonce, verifier } = flow
    const { query, origin, visitor, requestId } = back
    const redirectUri = redirectUriOf(origin, setting.id)
    const proof = await provider.finish({ redirectUri, query, state, nonce, verifier })
    const fault = checkAllowed(setting, proof.facts)
    if (fault !== null) {
      const userId = await endRefused(proof)
      if (userId !== null) logger.info({ requestId, provider: setting.id, userId, fault }, 'logged out with it')
      throw new LoginRefusal(fault, { ended: userId })
    }
    return { setting, proof, visitor }
  }

  /**
   * The provider has just proved that somebody who is known here must not come in: what it said before counts no more, calls need a login, and
   * sessions that began there are over. The person's id; null: nobody here has the account.
   */
  async function endRefused({ account, claims: told }: Proof): Promise<string | null> {
    const { provider } = account
    return transactor.transaction(async (unit) => {
      await deps.accountStore.lock(unit, account)
      const owner = await deps.accountStore.findOwner(unit, account)
      if (owner === null) return null
      const { id: userId } = owner
      await claims.replace(unit, { userId, provider, claims: told, at: new Date() })
      await claims.end(unit, userId)
      await sessions.endOfProviderIn(unit, provider, { userId })
      return userId
    })
  }

  async function enterOnce({ setting, proof, visitor }: Entry): Promise<CreatedSession> {
    return transactor.transaction(async (unit) => {
      const userId = await accounts.enter(unit, proof, setting.newPeople)
      const { provider } = proof.account
      const { dropped } = await claims.replace(unit, { userId, provider, claims: proof.claims, at: new Date() })
      if (dropped > 0)
        logger.warn({ provider: setting.id, userId, dropped }, 'claims were left out: too many or too long')
      const facts = { userId, method: 'provider', provider, providerSid: proof.sid, ...visitor } as const
      return sessions.create(unit, facts)
    })
  }

  async function enter(entry: Entry): Promise<CreatedSession> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await enterOnce(entry)
      } catch (thrown) {
        const isTaken = thrown instanceof HubError && thrown.code === 'conflict'
        if (!isTaken || attempt === ATTEMPTS) throw thrown
      }
    }
  }

  async function link(userId: string, { proof }: Entry): Promise<void> {
    const { provider } = proof.account
    await transactor.transaction(async (unit) => {
      await accounts.link(unit, userId, proof)
      await claims.replace(unit, { userId, provider, claims: proof.claims, at: new Date() })
    })
  }

  function refuse(thrown: unknown, about: Pick<Refused, 'isLink' | 'provider'> & { requestId: string }): Refused {
    const { requestId, isLink, provider } = about
    if (thrown instanceof LoginRefusal) {
      const { fault, detail, retryAfterSeconds, ended } = thrown
      logger.info(
        { requestId, provider, fault, detail, err: thrown.cause },
        'somebody did not come in through a provider',
      )
      return { kind: 'refused', fault, retryAfterSeconds, isLink, provider, ended }
    }
    const { code, details } = toHubError(thrown)
    const level = code === 'internal' ? 'error' : 'warn'
    logger[level]({ requestId, provider, code, err: thrown }, 'a login through a provider failed')
    const retryAfterSeconds = details.retryAfterSeconds ?? null
    return { kind: 'refused', fault: 'hub_fault', retryAfterSeconds, isLink, provider, ended: null }
  }

  return {
    async start(start) {
      try {
        return await begin(start)
      } catch (thrown) {
        const { requestId, linkUser, provider } = start
        return refuse(thrown, { requestId, isLink: linkUser !== null, provider })
      }
    },

    async finish(back) {
      const { requestId } = back
      let isLink = false
      let provider: string | null = null
      try {
        const flow = await takeFlow(back)
        isLink = flow.linkUser !== null
        provider = flow.provider
        const entry = await prove(back, flow)
        if (flow.linkUser !== null) {
          await link(flow.linkUser, entry)
          return { kind: 'linked', provider }
        }
        return { kind: 'entered', created: await enter(entry), returnTo: flow.returnTo, provider }
      } catch (thrown) {
        return refuse(thrown, { requestId, isLink, provider })
      }
    },

    async logOut(id, token, address) {
      // the provider's own word is heard however much else is said: only what is refused counts
      const told = await readWord(providers, id, token).catch((thrown: unknown) => {
        countRefused(thrown, address)
        throw thrown
      })
      const once = createHash('sha256')
        .update(JSON.stringify([told.issuer, told.tokenId]))
        .digest()
      return transactor.transaction(async (unit) => {
        // as long as it could be presented again, and the clocks' difference; where ending fails it may be said again
        if (!(await deps.flowStore.claimOnce(unit, once, 2 * LOGOUT_TOKEN_SECONDS * 1000)))
          throw new HubError('invalid_request', 'The logout token is not valid: jti')
        if (told.sid !== null) {
          await sessions.endOfProviderIn(unit, told.issuer, { sid: told.sid })
          return null
        }
        const owner = await deps.accountStore.findOwner(unit, { provider: told.issuer, subject: told.subject! })
        if (owner === null) return null
        await claims.end(unit, owner.id)
        await sessions.endOfProviderIn(unit, told.issuer, { userId: owner.id })
        return owner.id
      })
    },
  }
}

function throwUnknown(): never {
  throw new LoginRefusal('provider_unknown')
}

/** A provider's word is asked of the provider's own keys; where they cannot be had, it may say it again later. */
async function readWord(providers: Providers, id: string, token: string): ReturnType<typeof readLogoutToken> {
  const found = providers.findOidc(id)
  if (found === null) throw new HubError('invalid_request', 'There is no such provider')
  try {
    const { issuer, getKey } = await found.provider.describe()
    return await readLogoutToken(token, { issuer, clientId: found.setting.clientId, getKey })
  } catch (thrown) {
    if (!(thrown instanceof LoginRefusal)) throw thrown
    throw new HubError('server_unavailable', 'The keys of the provider cannot be had', {}, { cause: thrown })
  }
}
