// Logging in with a password or a one-time link, and what a person keeps of it: the password itself and, for a new one, its check. Providers
// have their own feature; a session begins in auth/console-sessions.ts for all of them.
import { createHmac } from 'node:crypto'
import { HubError, type LoginMethod, because, username as usernameSchema } from '@mcphub/api'
import type { ConsoleSessions, CreatedSession, Visitor } from '../../auth/console-sessions.ts'
import { setupRefused } from '../../auth/setup-refused.ts'
import { createLinkToken, hashToken } from '../../auth/tokens.ts'
import type { Passwords } from '../../auth/passwords.ts'
import type { Transactor, Unit } from '../../db/unit.ts'
import { createAddressLimits } from '../../platform/client-address.ts'
import type { RateLimiter } from '../../platform/rate-limiter.ts'
import { Secret } from '../../secrets/secret.ts'
import type { User, UsersService } from '../users/users-service.ts'
import { checkNewPassword } from './check-password.ts'
import { createKnownNames } from './known-names.ts'
import type { LinkPurpose, LoginStore, OneTimeLink } from './login-store.ts'
import { createPace } from './pace.ts'

export interface Link {
  /** for one answer, one line of print */
  readonly token: Secret
  readonly expiresAt: Date
}

/** Who comes in, and from where. */
interface Entry extends Visitor {
  readonly userId: string
  readonly method: LoginMethod
}

/** Every method throws HubError: `too_many_requests` with a time, `invalid_params` with faults, `database_unavailable`. */
export interface LoginService {
  /** @throws `unauthenticated`: one text and one class of time for every wrong name and password */
  /** `address`: tries are counted by it; default: of this machine */
  withPassword(input: { username: string; password: string } & Visitor, address?: string): Promise<CreatedSession>
  /** Whose it is; it stays good. @throws `forbidden`: one text for every bad link */
  readLink(token: string, address?: string): Promise<OneTimeLink>
  /** Once. `password` becomes the person's own. @throws `forbidden`: one text for every bad link */
  withLink(input: { token: string; password: string | null } & Visitor, address?: string): Promise<CreatedSession>
  /** Before anything is done with a set-up token. @throws `forbidden` for a bad one, `too_many_requests` for too many of them */
  checkSetup(token: string, address?: string): Promise<void>
  /** The first administrator, who logs in with a password from then on. @throws `forbidden` for a bad token */
  withSetup(input: SetupInput): Promise<{ readonly user: User; readonly created: CreatedSession }>
  /** Ends all other sessions of the person. @throws `invalid_params` where `current` is wrong */
  setPassword(person: { userId: string; username: string; sessionId: string }, change: PasswordChange): Promise<void>
  hasPassword(userId: string): Promise<boolean>
  /** A one-time link in the place of the one before. @throws `not_found` */
  createLink(userId: string, purpose: LinkPurpose): Promise<Link>
}

export interface SetupInput extends Visitor {
  readonly token: string
  readonly username: string
  readonly password: string
}

export interface PasswordChange {
  readonly current: string | null
  readonly next: string
}

export interface LoginDeps {
  readonly store: LoginStore
  readonly passwords: Passwords
  readonly sessions: Pick<ConsoleSessions, 'create' | 'endAllIn'>
  readonly users: Pick<UsersService, 'redeemSetupIn' | 'isSetupToken'>
  readonly transactor: Transactor
  readonly limiter: RateLimiter
  /** names are kept by their HMAC under it */
  readonly hubId: string
}

const LINK_MS = 24 * 3_600_000
/** of one address */
const TRIES_PER_MINUTE = 60
const SETUPS_PER_MINUTE = 10
/** of all together: about a fifth of a core */
const ALL_TRIES_PER_MINUTE = 300
const THIS_MACHINE = '127.0.0.1'
const KNOWN_NAMES = 10_000

export function createLoginService(deps: LoginDeps): LoginService {
  const { store, passwords, sessions, users, transactor } = deps

  const enter = (unit: Unit, entry: Entry): Promise<CreatedSession> =>
    sessions.create(unit, { ...entry, provider: null, providerSid: null })
  const throttleName = (handle: string): string =>
    `user:${createHmac('sha256', deps.hubId).update(handle).digest('hex')}`

  const takeFrom = createAddressLimits(deps.limiter)
  const known = createKnownNames(() => store.listKnown(KNOWN_NAMES))
  const pace = createPace()

  async function takeTry(name: string): Promise<void> {
    const wait = await transactor.transaction((unit) => store.countTry(unit, name))
    if (wait > 0) throw tooMany(wait)
  }

  /** What opens something is never counted, so that nobody's guesses stand in the way of whoever holds the right one. */
  function refuseGuess(
    door: string,
    address: string,
    { perMinute, refusal }: { perMinute: number; refusal: HubError },
  ): never {
    const wait = takeFrom(door, address, perMinute)
    throw wait > 0 ? tooMany(wait) : refusal
  }

  /** Tries under all names are counted alike. Seconds; 0: there is room. */
  const crowdAt = (address: string): number =>
    takeFrom('login', address, TRIES_PER_MINUTE) || deps.limiter.take('login', ALL_TRIES_PER_MINUTE)

  const reserveName = (handle: string): string => `reserve:${throttleName(handle)}`

  /**
   * While there are too many tries, only names that logged in lately are looked at, and only the right password gets another answer than all
   * else: same words, same seconds, same time. Tries under them are counted apart, so that what they leave behind tells nothing later.
   */
  async function amongMany(
    handle: string,
    address: string,
    look: (names: { handle: string; name: string }) => Promise<CreatedSession>,
  ): Promise<CreatedSession> {
    const startedAt = performance.now()
    const wait = crowdAt(address)
    if (wait === 0) return look({ handle, name: throttleName(handle) })
    try {
      if (!(await known.has(handle))) throw tooMany(wait)
      const created = await look({ handle, name: reserveName(handle) })
      pace.note(performance.now() - startedAt)
      return created
    } catch (thrown) {
      if (!(thrown instanceof HubError) || !SAID_ALIKE.has(thrown.code)) throw thrown
      if (thrown.code === 'unauthenticated') pace.note(performance.now() - startedAt)
      await pace.keep(startedAt)
      throw tooMany(wait)
    }
  }

  async function findLink(token: string, address: string): Promise<OneTimeLink> {
    const link = await store.findLink(hashToken(token))
    return link ?? refuseGuess('link', address, { perMinute: TRIES_PER_MINUTE, refusal: badLink() })
  }

  async function replacePassword(unit: Unit, userId: string, phc: string, keepSession?: string): Promise<void> {
    await store.putPassword(unit, userId, phc)
    await sessions.endAllIn(unit, userId, keepSession)
  }

  /** Who has a password, or was invited by an administrator, needs no provider. */
  async function renew(unit: Unit, userId: string): Promise<void> {
    if (await store.renewLogin(unit, userId)) unit.announce('identity', userId)
  }

  return {
    withPassword: ({ username, password, ...visitor }, address = THIS_MACHINE) =>
      amongMany(canonical(username), address, async ({ handle, name }) => {
        await takeTry(name)
        const account = await store.findAccount(handle)
        const isRight = await passwords.verify(password, account?.phc ?? null)
        if (!isRight || account === null) throw wrong()
        const created = await transactor.transaction(async (unit) => {
          // changed while we looked: the old password opens nothing any more
          if ((await store.lockPassword(unit, account.userId)) !== account.phc) throw wrong()
          await store.forgetTries(unit, throttleName(handle))
          await store.forgetTries(unit, reserveName(handle))
          await store.notePassword(unit, account.userId)
          await renew(unit, account.userId)
          return enter(unit, { userId: account.userId, method: 'password', ...visitor })
        })
        known.add(handle)
        return created
      }),

    readLink: (token, address = THIS_MACHINE) => findLink(token, address),

    async withLink({ token, password, ...visitor }, address = THIS_MACHINE) {
      const link = await findLink(token, address)
      // before anything is hashed: the link stays good, and could be shown again and again
      if (password !== null && link.purpose !== 'invite') throw badLink()
      if (password !== null) requireGood(password, link.username, 'password')
      const phc = password === null ? null : await passwords.hash(password)
      return transactor.transaction(async (unit) => {
        const taken = await store.takeLink(unit, hashToken(token))
        if (taken === null || (phc !== null && taken.purpose !== 'invite')) throw badLink()
        if (phc !== null) await replacePassword(unit, taken.userId, phc)
        await renew(unit, taken.userId)
        return enter(unit, { userId: taken.userId, method: 'link', ...visitor })
      })
    },

    async checkSetup(token, address = THIS_MACHINE) {
      if (await users.isSetupToken(token)) return
      refuseGuess('setup', address, { perMinute: SETUPS_PER_MINUTE, refusal: setupRefused() })
    },

    async withSetup({ token, username, password, ...visitor }) {
      requireGood(password, username, 'password')
      const phc = await passwords.hash(password)
      return transactor.transaction(async (unit) => {
        const user = await users.redeemSetupIn(unit, { token, username })
        await store.putPassword(unit, user.id, phc)
        return { user, created: await enter(unit, { userId: user.id, method: 'setup', ...visitor }) }
      })
    },

    async setPassword({ userId, username, sessionId }, { current, next }) {
      requireGood(next, username, 'next')
      const phc = await store.readPassword(userId)
      if (phc !== null || current !== null) await takeTry(throttleName(username))
      if (phc !== null && !(await passwords.verify(current ?? '', phc))) throw wrongCurrent()
      if (phc === null && current !== null) throw wrongCurrent()
      const nextPhc = await passwords.hash(next)
      await transactor.transaction(async (unit) => {
        if ((await store.lockPassword(unit, userId)) !== phc) throw wrongCurrent()
        await store.forgetTries(unit, throttleName(username))
        await replacePassword(unit, userId, nextPhc, sessionId)
      })
    },

    hasPassword: async (userId) => (await store.readPassword(userId)) !== null,

    async createLink(userId, purpose) {
      const token = createLinkToken()
      const expiresAt = new Date(Date.now() + LINK_MS)
      await transactor.transaction((unit) =>
        store.putLink(unit, { sha256: hashToken(token), userId, purpose, expiresAt }),
      )
      return { token: new Secret(token), expiresAt }
    },
  }
}

/** What no name can be is looked for all the same. */
function canonical(username: string): string {
  const parsed = usernameSchema.safeParse(username)
  return parsed.success ? parsed.data : username.normalize('NFC').toLowerCase()
}

function requireGood(password: string, username: string, field: string): void {
  const fault = checkNewPassword(password, username)
  if (fault) throw new HubError('invalid_params', 'The password cannot be used', { faults: [{ ...fault, field }] })
}

/** what could happen to a name that is looked at alone */
const SAID_ALIKE: ReadonlySet<string> = new Set(['unauthenticated', 'too_many_requests', 'database_unavailable'])

const wrong = (): HubError =>
  new HubError('unauthenticated', 'The username or the password is wrong', because('wrongPassword'))
const badLink = (): HubError =>
  new HubError(
    'forbidden',
    'This link is not valid (any more); ask an administrator for another one',
    because('linkNotValid'),
  )
const tooMany = (seconds: number): HubError =>
  new HubError('too_many_requests', 'Too many tries; wait and try again', {
    ...{ retryAfterSeconds: seconds, ...because('tooManyTries') },
  })
const wrongCurrent = (): HubError =>
  new HubError('invalid_params', 'The password cannot be changed', {
    faults: [{ field: 'current', message: 'This is not the password you have now', code: 'wrongCurrentPassword' }],
  })
