// Who may do what, for every route of the table: nobody, the owner, another member, an administrator, a deactivated user. A route that is
// not listed here fails the type check and the first test.
import { ROUTES, ROUTE_LIST, type RouteId } from '@mcphub/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildSandboxInfo, buildSession } from '../../../test/kit/hub-doubles.ts'
import type { Person, Sent } from '../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../test/kit/rest-hub.ts'
import { HUB } from '../../../test/kit/worlds.ts'

const CALLERS = ['anon', 'self', 'other', 'admin', 'deactivated'] as const
type Caller = (typeof CALLERS)[number]

/** Things that belong to one user; made anew for every call. */
interface Fixture {
  readonly self: Person
  readonly other: Person
  readonly admin: Person
  readonly deactivated: Person
  readonly groupId: string
  readonly spareKeyId: string
  readonly sessionId: string
  readonly sandboxId: string
  readonly goneUserId: string
  /** texts that only their owner and administrators may ever read */
  readonly canaries: readonly string[]
}

interface Case {
  readonly params?: (fixture: Fixture) => Readonly<Record<string, string>>
  readonly query?: (fixture: Fixture) => string
  readonly body?: (fixture: Fixture) => Readonly<Record<string, unknown>>
  /** anon, self, other, admin, deactivated */
  readonly expect: readonly [number, number, number, number, number]
}

/** The route concerns the caller's own things: each sees theirs. */
const OWN = [401, 200, 200, 200, 401] as const
const ADMIN = [401, 403, 403, 200, 401] as const
/** An object of `self` by its id: to everybody else it does not exist, administrators included. */
const ownObject = (status: number) => [401, status, 404, 404, 401] as const
const adminOnly = (status: number) => [401, 403, 403, status, 401] as const

const selfId = (fixture: Fixture) => ({ id: fixture.self.id })
const group = (fixture: Fixture) => ({ id: fixture.groupId })

const CASES: Readonly<Record<RouteId, Case>> = {
  getHealth: { expect: [200, 200, 200, 200, 200] },
  getOpenApi: { expect: [200, 200, 200, 200, 200] },
  redeemSetup: {
    body: () => ({ token: 'mcphub_setup_wrong_wrong', username: 'mallory' }),
    expect: [403, 403, 403, 403, 403],
  },
  getMe: { expect: OWN },
  listEnvTemplates: { expect: OWN },
  listUserVariables: { expect: OWN },
  setUserVariables: { body: () => ({ variables: { USER_TOKEN: 'new-value-1234567' } }), expect: OWN },
  deleteUserVariable: { params: () => ({ name: 'USER_TOKEN' }), expect: [401, 204, 204, 204, 401] },
  listServers: { expect: OWN },
  // `files` is for members of a UserGroup that has `self` alone
  getServer: { params: () => ({ name: 'files' }), expect: ownObject(200) },
  listTools: { expect: OWN },
  explainTool: {
    query: (fixture) => `?tool=files&user=${fixture.self.username}`,
    expect: [401, 200, 404, 200, 401],
  },
  listGroups: { expect: OWN },
  createGroup: { body: () => ({ name: 'fresh', servers: [] }), expect: [401, 201, 201, 201, 401] },
  updateGroup: { params: group, body: () => ({ name: 'renamed', servers: [] }), expect: ownObject(200) },
  deleteGroup: { params: group, expect: ownObject(204) },
  setGroupActive: { params: group, body: () => ({ active: false }), expect: ownObject(200) },
  listKeys: { expect: OWN },
  createKey: { body: () => ({ name: 'laptop' }), expect: [401, 201, 201, 201, 401] },
  revokeKey: { params: (fixture) => ({ id: fixture.spareKeyId }), expect: ownObject(204) },
  listSessions: { expect: OWN },
  endSession: { params: (fixture) => ({ id: fixture.sessionId }), expect: [401, 204, 404, 204, 401] },
  listSandboxes: { expect: OWN },
  getSandboxLogs: { params: (fixture) => ({ id: fixture.sandboxId }), expect: ownObject(200) },
  stopSandbox: { params: (fixture) => ({ id: fixture.sandboxId }), expect: [401, 204, 404, 204, 401] },
  listActivity: { expect: OWN },
  listUsers: { expect: ADMIN },
  createUser: { body: (fixture) => ({ username: `new-${fixture.self.username}` }), expect: adminOnly(201) },
  setUserActive: { params: selfId, body: () => ({ active: false }), expect: ADMIN },
  setUserAdmin: { params: selfId, body: () => ({ admin: true }), expect: ADMIN },
  deleteUser: { params: selfId, query: () => '?mode=hard', expect: adminOnly(204) },
  restoreUser: { params: (fixture) => ({ id: fixture.goneUserId }), expect: ADMIN },
  listUserKeys: { params: selfId, expect: ADMIN },
  createUserKey: { params: selfId, body: () => ({ name: 'given' }), expect: adminOnly(201) },
  revokeUserKey: {
    params: (fixture) => ({ id: fixture.self.id, keyId: fixture.spareKeyId }),
    expect: adminOnly(204),
  },
  listOrgVariables: { expect: ADMIN },
  setOrgVariables: { body: () => ({ variables: { ORG_TOKEN: 'org-value-1234567' } }), expect: ADMIN },
  deleteOrgVariable: { params: () => ({ name: 'ORG_TOKEN' }), expect: adminOnly(204) },
  listAdminServers: { expect: ADMIN },
  listUserGroups: { expect: ADMIN },
  listAudit: { expect: ADMIN },
  listAllSessions: { expect: ADMIN },
  listAllSandboxes: { expect: ADMIN },
  getDoctor: { expect: ADMIN },
  rotateKeyRing: { expect: ADMIN },
}

let hub: RestHub
let admin: Person
let count = 0

beforeAll(async () => {
  hub = await startRestHub()
  admin = await hub.addPerson('root', 'admin')
  await hub.world.users.create(HUB, { username: 'second-root', role: 'admin' })
})
afterAll(() => hub.stop())

const TOKEN = 'canary-value-0123456789'

async function buildFixture(): Promise<Fixture> {
  const tag = `t${++count}`
  const self = await hub.addPerson(`self-${tag}`)
  const other = await hub.addPerson(`other-${tag}`)
  const deactivated = await hub.addPerson(`off-${tag}`)
  await hub.world.users.deactivate(HUB, deactivated.id)
  const gone = await hub.addPerson(`gone-${tag}`)
  await hub.world.users.remove(HUB, gone.id)
  publish(self.username)
  const own = await hub.groups.create(self.id, { name: `group-${tag}`, servers: ['files', 'open'] })
  const spare = await hub.world.keys.create(self.id, { name: `spare-${tag}` })
  await hub.variables.set(self.id, { USER_TOKEN: TOKEN })
  await hub.variables.setOrg({ ORG_TOKEN: TOKEN })
  const session = buildSession({ userId: self.id, keyId: self.keyId })
  const box = buildSandboxInfo({ userId: self.id, username: self.username })
  hub.sessions.splice(0, Infinity, session)
  hub.sandboxes.infos.splice(0, Infinity, box)
  hub.sandboxes.texts.set(box.id, `stderr of ${self.username}`)
  hub.discoveries.put('files', self.id, [`tool-${tag}`])
  const canaries = [self.id, self.username, own.id, own.name, spare.key.id, session.id, box.id, `tool-${tag}`]
  return {
    ...{ self, other, admin, deactivated, canaries },
    groupId: own.id,
    spareKeyId: spare.key.id,
    sessionId: session.id,
    sandboxId: box.id,
    goneUserId: gone.id,
  }
}

/** `open` is for everybody, `files` for one user. */
function publish(username: string): void {
  const stdio = (env: string) => ({
    package: { npm: { name: 'files', version: '1.0.0' } },
    env: [{ name: 'T', value: env }],
  })
  hub.catalog.set({
    servers: {
      files: { type: 'Stdio', stdio: stdio('${USER_TOKEN} ${ORG_TOKEN}') },
      open: { type: 'Stdio', access: 'Everyone', stdio: stdio('${USER_TOKEN}') },
    },
    groups: { only: { members: { users: [username] }, servers: ['files'] } },
  })
}

function call(route: (typeof ROUTE_LIST)[number], fixture: Fixture, key: string | undefined, change: Sent = {}) {
  const { params, query, body } = CASES[route.id]
  const values = params?.(fixture) ?? {}
  const path = route.path.replaceAll(/:(\w+)/g, (_all, name: string) => encodeURIComponent(values[name]!))
  const sent = body ? { body: body(fixture) } : {}
  const auth = key === undefined ? {} : { key }
  return hub.send(route.method, `${path}${query?.(fixture) ?? ''}`, { ...sent, ...auth, ...change })
}

const keyOf = (fixture: Fixture, caller: Caller) => (caller === 'anon' ? undefined : fixture[caller].key)

describe('CON-6: who may do what', () => {
  test('every route of the table is listed', () => {
    expect(Object.keys(CASES).sort()).toEqual(ROUTE_LIST.map((route) => route.id).sort())
  })

  const matrix = ROUTE_LIST.flatMap((route) => CALLERS.map((caller) => [route.id, caller] as const))
  test.each(matrix)('CON-6: %s by %s', async (id, caller) => {
    const route = ROUTES[id]
    const fixture = await buildFixture()
    hub.records.length = 0
    const answer = await call(route, fixture, keyOf(fixture, caller))
    expect([answer.status, answer.text]).toEqual([CASES[id].expect[CALLERS.indexOf(caller)], answer.text])
    if (caller === 'other' || caller === 'anon' || caller === 'deactivated') {
      const shown = answer.text.replaceAll(fixture.other.username, '')
      for (const canary of fixture.canaries) expect(shown).not.toContain(canary)
    }
    expect(answer.text).not.toContain(TOKEN)
    if (route.method !== 'GET') {
      expect(hub.records).toHaveLength(1)
      expect(hub.records[0]).toMatchObject({ action: `${route.method} ${route.path}` })
      expect(hub.records[0]?.outcome === 'ok').toBe(answer.status < 300)
    }
  })

  test.each(ROUTE_LIST.filter((route) => route.body).map((route) => [route.id]))(
    'CON-6: %s takes no member its contract does not name',
    async (id) => {
      const fixture = await buildFixture()
      const body = CASES[id].body!(fixture)
      for (const extra of ['isAdmin', 'role2', 'userId', 'id', 'active2', 'keyId', 'createdAt']) {
        const answer = await call(ROUTES[id], fixture, admin.key, { body: { ...body, [extra]: true } })
        expect([extra, answer.status]).toEqual([extra, 400])
        expect(answer.problem.faults?.map((fault) => fault.field)).toContain(extra)
      }
    },
  )

  test('what a member does to their own leaves everybody else as they were', async () => {
    const fixture = await buildFixture()
    const { self, other } = fixture
    await hub.variables.set(other.id, { USER_TOKEN: 'value-of-the-other' })
    await hub.groups.create(other.id, { name: 'work', servers: ['open'] })
    for (const route of ROUTE_LIST.filter((one) => one.method !== 'GET' && one.permission === 'self')) {
      await call(route, fixture, self.key)
    }
    const open = hub.catalog.snapshot().servers.get('open')!
    expect((await hub.variables.resolve(other.id, open)).values.get('USER_TOKEN')?.reveal()).toBe('value-of-the-other')
    expect(await hub.groups.list(other.id)).toMatchObject([{ name: 'work', active: true }])
    expect((await hub.send('GET', '/api/user/me', { key: other.key })).status).toBe(200)
  })
})
