// REST: the doors of the console. A session's token leaves in its cookie alone; links are shown once.
import { type ConsoleSessionResponse, HubError, type LoginOptionsResponse, type MeResponse, because } from '@mcphub/api'
import type { ConsoleSession } from '../../auth/console-session-store.ts'
import type { ConsoleSessions, CreatedSession } from '../../auth/console-sessions.ts'
import type { Identities, Principal } from '../../auth/principal.ts'
import type { Door, Handlers } from '../../platform/route.ts'
import { clearSessionCookie, setSessionCookie, visitorOf } from '../../platform/session-cookie.ts'
import type { User, UsersService } from '../users/users-service.ts'
import { presentUser } from '../present-user.ts'
import type { LoginService } from './login-service.ts'

export interface LoginRouterDeps {
  readonly login: LoginService
  readonly consoleSessions: ConsoleSessions
  readonly users: Pick<UsersService, 'find' | 'isSetupNeeded' | 'redeemSetup'>
  readonly authenticator: Pick<Identities, 'authenticateSession'>
  readonly describeMe: (principal: Principal) => Promise<MeResponse>
  /** what people see of the hub's address */
  readonly publicUrl: string | null
  readonly localLogin: boolean
  readonly loginProviders: () => LoginOptionsResponse['providers']
}

type Ids =
  | 'getLogin'
  | 'loginLocal'
  | 'readLoginLink'
  | 'redeemLoginLink'
  | 'redeemSetup'
  | 'logout'
  | 'listConsoleSessions'
  | 'endConsoleSession'
  | 'endConsoleSessions'
  | 'setPassword'
  | 'inviteUser'
  | 'listUserSessions'
  | 'endUserSessions'

export function createLoginRouter(deps: LoginRouterDeps): Handlers<Ids> {
  const { login, consoleSessions, users } = deps

  async function enter(door: Door, created: CreatedSession): Promise<MeResponse> {
    const principal = await deps.authenticator.authenticateSession(created.token.reveal())
    setSessionCookie(door, created)
    return deps.describeMe(principal)
  }

  /** A password that is kept meanwhile would count as a way in, and open one as soon as the operator switches passwords on. */
  function requireLocalLogin(): void {
    if (deps.localLogin) return
    throw new HubError('forbidden', 'Nobody logs in with a password here', because('localLoginOff'))
  }

  return {
    async getLogin({ door }) {
      return {
        setupNeeded: await users.isSetupNeeded(),
        local: deps.localLogin,
        providers: [...deps.loginProviders()],
        transport: door.mayLogIn ? 'ok' : 'needs-https',
        publicUrl: deps.publicUrl,
      }
    },
    async loginLocal({ body, door }) {
      checkDoor(door)
      requireLocalLogin()
      return enter(door, await login.withPassword({ ...body, ...visitorOf(door) }, door.address))
    },
    async readLoginLink({ body, door }) {
      const { username, purpose } = await login.readLink(body.token, door.address)
      return { username, takesPassword: purpose === 'invite' && deps.localLogin }
    },
    async redeemLoginLink({ body, door }) {
      checkDoor(door)
      const password = body.password ?? null
      if (password !== null) requireLocalLogin()
      return enter(door, await login.withLink({ token: body.token, password, ...visitorOf(door) }, door.address))
    },
    async redeemSetup({ body, door, about }) {
      const { password, ...rest } = body
      about(body.username)
      if (password === undefined) {
        await login.checkSetup(body.token, door.address)
        const { user, key } = await users.redeemSetup(rest)
        about(user.id)
        return { user: presentUser(user), key: key.reveal() }
      }
      checkDoor(door)
      // Also where nobody logs in with a password: the session that begins here is how the first administrator sets up a provider and links their
      // account there. If it ends before that, the password is what is left, once the operator switches the login with passwords on.
      await login.checkSetup(body.token, door.address)
      const { user, created } = await login.withSetup({ ...rest, password, ...visitorOf(door) })
      about(user.id)
      setSessionCookie(door, created)
      return { user: presentUser(user), key: null }
    },
    async logout({ principal, door, about }) {
      about(principal.keyId)
      await consoleSessions.end(principal.userId, principal.keyId)
      clearSessionCookie(door)
      return undefined
    },
    async listConsoleSessions({ principal }) {
      return presentSessions(await consoleSessions.list(principal.userId), principal.keyId)
    },
    async endConsoleSession({ principal, params }) {
      await consoleSessions.end(principal.userId, params.id)
      return undefined
    },
    async endConsoleSessions({ principal }) {
      await consoleSessions.endAll(principal.userId, principal.keyId)
      return undefined
    },
    async setPassword({ principal, body }) {
      requireLocalLogin()
      const { userId, username, keyId: sessionId } = principal
      await login.setPassword({ userId, username, sessionId }, body)
      return undefined
    },
    async inviteUser({ params, principal, origin, changed }) {
      const user = requireAlive(await users.find(params.id))
      // a key that was lost must not become its owner's password
      if (principal.via === 'key' && user.id === principal.userId)
        throw new HubError('forbidden', 'No key invites its own person; log in at the console')
      const { token, expiresAt } = await login.createLink(user.id, 'invite')
      changed(null, { invited: user.id, expiresAt: expiresAt.toISOString() })
      return { link: `${origin}/login#token=${token.reveal()}`, expiresAt: expiresAt.toISOString() }
    },
    async listUserSessions({ params, principal }) {
      return presentSessions(await consoleSessions.list((await users.find(params.id)).id), principal.keyId)
    },
    async endUserSessions({ params, changed }) {
      const user = await users.find(params.id)
      const before = await consoleSessions.list(user.id)
      await consoleSessions.endAll(user.id)
      changed({ consoleSessions: before.length }, { consoleSessions: 0 })
      return undefined
    },
  }
}

/** Before anything is done: a foreign page begins no session, and no password travels in the clear. */
function checkDoor(door: Door): void {
  door.checkOwnPage()
  if (!door.mayLogIn) {
    throw new HubError('forbidden', 'Log in over https, or on the machine the hub runs on', because('needsHttps'))
  }
}

function requireAlive(user: User): User {
  if (user.deletedAt || !user.active)
    throw new HubError('conflict', 'This user is not active', because('userNotActive'))
  return user
}

function presentSessions(sessions: readonly ConsoleSession[], currentId: string): { items: ConsoleSessionResponse[] } {
  const items = sessions.map(({ id, method, browser, createdAt, lastSeenAt, expiresAt }) => ({
    ...{ id, method, browser, current: id === currentId, createdAt: createdAt.toISOString() },
    ...{ lastSeenAt: lastSeenAt.toISOString(), expiresAt: expiresAt.toISOString() },
  }))
  return { items }
}
