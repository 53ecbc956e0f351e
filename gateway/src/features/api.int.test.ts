// Who may do what, for every route of the table: nobody, the owner, another member, an administrator, a deactivated user, an auditor; each
// by hub key and by console session. A route that is not listed here fails the type check and the first test.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { ROUTES, ROUTE_LIST, type Route, type RouteId, providerConfig } from '@mcphub/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildSandboxInfo, buildSession } from '../../../test/kit/hub-doubles.ts'
import type { Person, Sent } from '../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../test/kit/rest-hub.ts'
import { createPgAccountStore } from './providers/pg-account-store.ts'
import { HUB } from '../../../test/kit/worlds.ts'

const CALLERS = ['anon', 'self', 'other', 'admin', 'deactivated', 'auditor'] as const
type Caller = (typeof CALLERS)[number]

/** In the folder of manifests, which the double of the catalogue does not read. */
interface Written {
  readonly name: string
  readonly yaml: string
  readonly version: string
}

/** Things that belong to one user; made anew for every call. */
interface Fixture {
  readonly self: Person
  readonly other: Person
  readonly admin: Person
  readonly deactivated: Person
  readonly auditor: Person
  readonly groupId: string
  readonly spareKeyId: string
  readonly consoleSessionId: string
  readonly accountId: string
  readonly sessionId: string
  readonly sandboxId: string
  readonly goneUserId: string
  /** of the server `files`, which only `self` may use */
  readonly toolName: string
  readonly manifest: Written
  readonly groupManifest: Written
  readonly toolChangeId: string
  /** of the provider `sso` */
  readonly providerVersion: string
  /** texts that only their owner and administrators may ever read */
  readonly canaries: readonly string[]
}

type Statuses = readonly [number, number, number, number, number, number]

interface Case {
  readonly params?: (fixture: Fixture) => Readonly<Record<string, string>>
  readonly query?: (fixture: Fixture) => string
  readonly body?: (fixture: Fixture) => Readonly<Record<string, unknown>>
  /** anon, self, other, admin, deactivated, auditor: by console session, and by key unless `byKey` says otherwise */
  readonly expect: Statuses
  readonly byKey?: Statuses
}

/** The route concerns the caller's own things: each sees theirs. */
const OWN = [401, 200, 200, 200, 401, 200] as const
const ADMIN = [401, 403, 403, 200, 401, 403] as const
/** Administrators, and auditors who only read. */
const AUDIT = [401, 403, 403, 200, 401, 200] as const
/** Only at the console. */
const NO_KEY = [401, 403, 403, 403, 401, 403] as const
const all = (status: number) => [status, status, status, status, status, status] as const
const atConsole = (status: number) => ({ expect: [401, status, status, status, 401, status], byKey: NO_KEY }) as const
/** An object of `self` by its id: to everybody else it does not exist, administrators included. */
const ownObject = (status: number) => [401, status, 404, 404, 401, 404] as const
const adminOnly = (status: number) => [401, 403, 403, status, 401, 403] as const

const manifest = (fixture: Fixture) => ({ name: fixture.manifest.name })
const groupManifest = (fixture: Fixture) => ({ name: fixture.groupManifest.name })
const changed = ({ yaml, version }: Written) => ({ yaml: `${yaml}  displayName: Other\n`, version })
const selfId = (fixture: Fixture) => ({ id: fixture.self.id })
const group = (fixture: Fixture) => ({ id: fixture.groupId })

/** Nobody answers there. */
const SSO = {
  kind: 'oidc',
  label: 'SSO',
  clientId: 'hub',
  issuer: 'http://127.0.0.1:1',
  allow: { everyone: true },
} as const

const CASES: Readonly<Record<RouteId, Case>> = {
  getHealth: { expect: all(200) },
  getOpenApi: { expect: all(200) },
  redeemSetup: {
    body: () => ({ token: 'mcphub_setup_wrong_wrong', username: 'mallory' }),
    expect: all(403),
  },
  getLogin: { expect: all(200) },
  loginLocal: {
    body: () => ({ username: `nobody-${randomUUID()}`, password: 'wrong' }),
    // a program sends no Origin, and begins no session
    ...{ expect: all(401), byKey: all(403) },
  },
  readLoginLink: { body: () => ({ token: 'mcphub_link_wrong_wrong' }), expect: all(403) },
  redeemLoginLink: { body: () => ({ token: 'mcphub_link_wrong_wrong' }), expect: all(403) },
  logout: atConsole(204),
  listConsoleSessions: atConsole(200),
  endConsoleSessions: atConsole(204),
  endConsoleSession: {
    params: (fixture) => ({ id: fixture.consoleSessionId }),
    ...{ expect: ownObject(204), byKey: NO_KEY },
  },
  setPassword: { body: () => ({ current: null, next: 'a-harmless-gazebo-42' }), ...atConsole(204) },
  setPreferences: { body: () => ({ language: 'ko' }), ...atConsole(204) },
  startGithubLogin: { expect: all(303) },
  startOidcLogin: { expect: all(303) },
  finishLogin: { params: () => ({ id: 'nobody' }), query: () => '?state=wrong&code=wrong', expect: all(303) },
  backChannelLogout: {
    params: () => ({ provider: 'nobody' }),
    ...{ body: () => ({ logout_token: 'wrong' }), expect: all(400) },
  },
  listAccounts: atConsole(200),
  startLink: { params: () => ({ provider: 'nobody' }), ...atConsole(200) },
  unlinkAccount: { params: (fixture) => ({ id: fixture.accountId }), ...{ expect: ownObject(204), byKey: NO_KEY } },
  getServerManifest: { params: manifest, expect: AUDIT },
  putServerManifest: { params: manifest, body: (fixture) => changed(fixture.manifest), expect: ADMIN },
  deleteServerManifest: {
    params: manifest,
    query: (fixture) => `?version=${fixture.manifest.version}`,
    expect: adminOnly(204),
  },
  getGroupManifest: { params: groupManifest, expect: AUDIT },
  putGroupManifest: { params: groupManifest, body: (fixture) => changed(fixture.groupManifest), expect: ADMIN },
  deleteGroupManifest: {
    params: groupManifest,
    query: (fixture) => `?version=${fixture.groupManifest.version}`,
    expect: adminOnly(204),
  },
  checkManifest: { body: (fixture) => ({ yaml: fixture.manifest.yaml }), expect: ADMIN },
  getCatalogState: { expect: AUDIT },
  getSettingsFile: { expect: AUDIT },
  listToolChanges: { expect: AUDIT },
  decideToolChange: {
    params: (fixture) => ({ id: fixture.toolChangeId }),
    body: () => ({ decision: 'approve' }),
    expect: ADMIN,
  },
  exportAudit: { expect: AUDIT },
  getUsage: { expect: OWN },
  listErrors: { expect: OWN },
  getAllUsage: { expect: AUDIT },
  getSystem: { expect: AUDIT },
  streamEvents: { expect: OWN },
  callTool: {
    params: (fixture) => ({ name: 'files', tool: fixture.toolName }),
    body: () => ({ arguments: {} }),
    expect: ownObject(200),
  },
  verifyVariable: { params: () => ({ name: 'USER_TOKEN' }), expect: OWN },
  searchTools: { query: () => '?q=tool', expect: OWN },
  getUser: { params: selfId, expect: AUDIT },
  setUserRole: { params: selfId, body: () => ({ role: 'auditor' }), expect: ADMIN },
  inviteUser: { params: selfId, expect: adminOnly(201) },
  listUserSessions: { params: selfId, expect: AUDIT },
  endUserSessions: { params: selfId, expect: adminOnly(204) },
  getMe: { expect: OWN },
  listEnvTemplates: { expect: OWN },
  listUserVariables: { expect: OWN },
  setUserVariables: { body: () => ({ variables: { USER_TOKEN: 'new-value-1234567' } }), expect: OWN },
  deleteUserVariable: { params: () => ({ name: 'USER_TOKEN' }), expect: [401, 204, 204, 204, 401, 204] },
  listServers: { expect: OWN },
  // `files` is for members of a UserGroup that has `self` alone
  getServer: { params: () => ({ name: 'files' }), expect: ownObject(200) },
  listTools: { expect: OWN },
  explainTool: {
    query: (fixture) => `?tool=files&user=${fixture.self.username}`,
    expect: [401, 200, 404, 200, 401, 200],
  },
  listGroups: { expect: OWN },
  createGroup: { body: () => ({ name: `fresh-${randomUUID()}`, servers: [] }), expect: [401, 201, 201, 201, 401, 201] },
  updateGroup: { params: group, body: () => ({ name: 'renamed', servers: [] }), expect: ownObject(200) },
  deleteGroup: { params: group, expect: ownObject(204) },
  setGroupActive: { params: group, body: () => ({ active: false }), expect: ownObject(200) },
  listKeys: { expect: OWN },
  createKey: { body: () => ({ name: 'laptop' }), expect: [401, 201, 201, 201, 401, 201] },
  revokeKey: { params: (fixture) => ({ id: fixture.spareKeyId }), expect: ownObject(204) },
  watchKey: { params: (fixture) => ({ id: fixture.spareKeyId }), expect: ownObject(200) },
  listSightings: { params: (fixture) => ({ id: fixture.spareKeyId }), expect: ownObject(200) },
  listSessions: { expect: OWN },
  endSession: { params: (fixture) => ({ id: fixture.sessionId }), expect: [401, 204, 404, 204, 401, 404] },
  listSandboxes: { expect: OWN },
  getSandboxLogs: { params: (fixture) => ({ id: fixture.sandboxId }), expect: ownObject(200) },
  streamSandboxLogs: { params: (fixture) => ({ id: fixture.sandboxId }), expect: ownObject(200) },
  restartSandbox: { params: (fixture) => ({ id: fixture.sandboxId }), expect: ownObject(204) },
  stopSandbox: { params: (fixture) => ({ id: fixture.sandboxId }), expect: [401, 204, 404, 204, 401, 404] },
  listActivity: { expect: OWN },
  listUsers: { expect: AUDIT },
  createUser: { body: (fixture) => ({ username: `new-${fixture.self.username}` }), expect: adminOnly(201) },
  setUserActive: { params: selfId, body: () => ({ active: false }), expect: ADMIN },
  setUserAdmin: { params: selfId, body: () => ({ admin: true }), expect: ADMIN },
  deleteUser: { params: selfId, query: () => '?mode=hard', expect: adminOnly(204) },
  restoreUser: { params: (fixture) => ({ id: fixture.goneUserId }), expect: ADMIN },
  listUserKeys: { params: selfId, expect: AUDIT },
  createUserKey: { params: selfId, body: () => ({ name: 'given' }), expect: adminOnly(201) },
  revokeUserKey: {
    params: (fixture) => ({ id: fixture.self.id, keyId: fixture.spareKeyId }),
    expect: adminOnly(204),
  },
  listProviders: { expect: ADMIN },
  checkProvider: { body: () => ({ id: 'sso', config: SSO }), expect: ADMIN },
  putProvider: {
    params: () => ({ id: 'sso' }),
    body: ({ providerVersion }) => ({ config: { ...SSO, label: 'Other' }, version: providerVersion }),
    expect: ADMIN,
  },
  deleteProvider: {
    params: () => ({ id: 'sso' }),
    query: ({ providerVersion }) => `?version=${providerVersion}`,
    expect: adminOnly(204),
  },
  listOrgVariables: { expect: ADMIN },
  setOrgVariables: { body: () => ({ variables: { ORG_TOKEN: 'org-value-1234567' } }), expect: ADMIN },
  deleteOrgVariable: { params: () => ({ name: 'ORG_TOKEN' }), expect: adminOnly(204) },
  listAdminServers: { expect: AUDIT },
  listUserGroups: { expect: AUDIT },
  listAudit: { expect: AUDIT },
  listAllSessions: { expect: AUDIT },
  listAllSandboxes: { expect: AUDIT },
  getDoctor: { expect: AUDIT },
  rotateKeyRing: { expect: ADMIN },
}

let hub: RestHub
let admin: Person
let count = 0
let unchanged: Fixture | null = null

beforeAll(async () => {
  // how many may be tried is no matter of who tries
  hub = await startRestHub(undefined, { limiter: { take: () => 0, note: () => undefined } })
  admin = await hub.addPerson('root', 'admin')
  await hub.world.users.create(HUB, { username: 'second-root', role: 'admin' })
})
afterAll(() => hub.stop())

const TOKEN = 'canary-value-0123456789'

async function buildFixture(): Promise<Fixture> {
  unchanged = null
  const tag = `t${++count}`
  const [self, other, deactivated, gone, auditor] = await Promise.all([
    hub.addPerson(`self-${tag}`),
    hub.addPerson(`other-${tag}`),
    hub.addPerson(`off-${tag}`),
    hub.addPerson(`gone-${tag}`),
    hub.addPerson(`auditor-${tag}`, 'auditor'),
  ])
  await Promise.all([hub.world.users.deactivate(HUB, deactivated.id), hub.world.users.remove(HUB, gone.id)])
  // one of the routes logs the administrator out
  admin = { ...admin, session: await hub.startSession(admin.id) }
  const [console] = await hub.world.consoleSessions.list(self.id)
  const store = createPgAccountStore(hub.world.opened.database)
  for (const provider of ['github', 'https://accounts.google.com'])
    await hub.world.transactor.transaction((unit) => store.link(unit, self.id, { provider, subject: tag }))
  const accounts = await hub.send('GET', '/api/user/accounts', { session: self.session })
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
  hub.calledUpstreams.servers.set('files', {})
  const canaries = [self.id, self.username, own.id, own.name, spare.key.id, session.id, box.id, `tool-${tag}`]
  return {
    ...{ self, other, admin, deactivated, auditor, canaries },
    consoleSessionId: console!.id,
    accountId: (accounts.json as { items: { id: string }[] }).items[0]!.id,
    groupId: own.id,
    spareKeyId: spare.key.id,
    sessionId: session.id,
    sandboxId: box.id,
    goneUserId: gone.id,
    toolName: `tool-${tag}`,
    manifest: write(`server-${tag}`, 'McpServer', '  type: Remote\n  remote: {url: "https://x.test/mcp"}\n'),
    groupManifest: write(`group-${tag}`, 'UserGroup', `  members: {users: ["${self.username}"]}\n  servers: []\n`),
    toolChangeId: await changeTool(tag),
    providerVersion: await writeProvider(),
  }
}

async function writeProvider(): Promise<string> {
  const known = (await hub.providerSettings.describe()).find(({ id }) => id === 'sso')
  const request = { config: providerConfig.parse(SSO), enabled: true, version: known?.version ?? null }
  return (await hub.providerSettings.put('sso', request)).after.version!
}

function write(name: string, kind: string, spec: string): Written {
  const yaml = `apiVersion: mcphub.io/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec:\n${spec}`
  writeFileSync(join(hub.catalogFolder, `${name}.yaml`), yaml)
  return { name, yaml, version: createHash('sha256').update(yaml).digest('hex') }
}

/** One that everybody is shown and that is not the first of its name. */
async function changeTool(tag: string): Promise<string> {
  for (const description of ['first', 'second']) {
    hub.discoveries.putTools('open', null, [{ name: `shared-${tag}`, description }])
    await hub.toolChanges.flush()
  }
  const { changes } = await hub.toolChanges.list({ limit: 1 })
  return changes[0]!.id
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

/** Nobody waits for the end of a stream that has none. */
const ENDLESS: ReadonlySet<RouteId> = new Set(['streamEvents', 'streamSandboxLogs'])

type Auth = Pick<Sent, 'key' | 'session' | 'page'>

function call(route: (typeof ROUTE_LIST)[number], fixture: Fixture, auth: Auth, change: Sent = {}) {
  const { params, query, body } = CASES[route.id]
  const values = params?.(fixture) ?? {}
  const path = route.path.replaceAll(/:(\w+)/g, (_all, name: string) => encodeURIComponent(values[name]!))
  const isEndless = ENDLESS.has(route.id) ? { isEndless: true as const } : {}
  const sent = { ...(body ? toBody(route, body(fixture)) : {}), ...isEndless }
  return hub.send(route.method, `${path}${query?.(fixture) ?? ''}`, { ...sent, ...auth, ...change })
}

function toBody(route: Route, body: Readonly<Record<string, unknown>>): Sent {
  if (route.bodyType !== 'form') return { body }
  const fields = Object.entries(body).map(([name, value]) => [name, String(value)])
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return { raw: new URLSearchParams(fields).toString(), headers }
}

const WAYS = ['key', 'session'] as const

/** By session as a page of the hub sends it, also when nobody is logged in there. */
function authOf(fixture: Fixture, caller: Caller, way: (typeof WAYS)[number]): Auth {
  if (way === 'session') return caller === 'anon' ? { page: true } : { session: fixture[caller].session }
  return caller === 'anon' ? {} : { key: fixture[caller].key }
}

describe('CON-6: who may do what', () => {
  test('every route of the table is listed', () => {
    expect(Object.keys(CASES).sort()).toEqual(ROUTE_LIST.map((route) => route.id).sort())
  })

  const matrix = ROUTE_LIST.flatMap((route) =>
    CALLERS.flatMap((caller) => WAYS.map((way) => [route.id, caller, way] as const)),
  )
  test.each(matrix)('CON-6: %s by %s with a %s', async (id, caller, way) => {
    const route: Route = ROUTES[id]
    const fixture = unchanged ?? (await buildFixture())
    hub.records.length = 0
    const answer = await call(route, fixture, authOf(fixture, caller, way))
    // what only reads, and what is refused, leaves everything to the next one
    unchanged = route.method === 'GET' || answer.status >= 400 ? fixture : null
    const { expect: bySession, byKey = bySession } = CASES[id]
    const expected = (way === 'key' ? byKey : bySession)[CALLERS.indexOf(caller)]
    expect([answer.status, answer.text]).toEqual([expected, answer.text])
    if (caller === 'other' || caller === 'anon' || caller === 'deactivated') {
      const shown = answer.text.replaceAll(fixture.other.username, '')
      for (const canary of fixture.canaries) expect(shown).not.toContain(canary)
    }
    expect(answer.text).not.toContain(TOKEN)
    expect(JSON.stringify([...answer.headers])).not.toContain(fixture.self.session)
    const isRefused = answer.status === 401 || answer.status === 403
    if (route.isUnrecorded && !isRefused) expect(hub.records).toEqual([])
    else if (route.method !== 'GET') {
      expect(hub.records).toHaveLength(1)
      const via = answer.status === 401 || route.permission === 'public' ? null : way === 'key' ? 'key' : 'console'
      expect(hub.records[0]).toMatchObject({ action: `${route.method} ${route.path}`, via })
      expect(hub.records[0]?.outcome === 'ok').toBe(answer.status < 300)
    }
  })

  // a form is another program's, and its standard lets it have more
  test.each(ROUTE_LIST.filter((route) => route.body && route.bodyType !== 'form').map((route) => [route.id]))(
    'CON-6: %s takes no member its contract does not name',
    async (id) => {
      const fixture = await buildFixture()
      const body = CASES[id].body!(fixture)
      for (const extra of ['isAdmin', 'role2', 'userId', 'id', 'active2', 'keyId', 'createdAt']) {
        const answer = await call(ROUTES[id], fixture, { session: admin.session }, { body: { ...body, [extra]: true } })
        expect([extra, answer.status]).toEqual([extra, 400])
        expect(answer.problem.faults?.map((fault) => fault.field)).toContain(extra)
      }
    },
  )

  test('CON-6: a change of an administrator leaves what it found and left, and neither a name nor a value', async () => {
    const silent: string[] = []
    const refused: string[] = []
    for (const route of ROUTE_LIST.filter(
      (one) => one.permission === 'admin' && one.method !== 'GET' && !one.isUnrecorded,
    )) {
      const fixture = await buildFixture()
      hub.records.length = 0
      const answer = await call(route, fixture, { session: admin.session })
      const text = JSON.stringify(hub.records[0]?.detail ?? null)
      if (answer.status >= 300) refused.push(`${route.id} ${answer.status}`)
      else if (text === 'null') silent.push(route.id)
      for (const secret of [
        fixture.self.username,
        `new-${fixture.self.username}`,
        TOKEN,
        'org-value-1234567',
        'mcphub_link_',
      ])
        expect([route.id, text]).not.toEqual([route.id, expect.stringContaining(secret)])
    }
    expect(silent).toEqual([])
    expect(refused).toEqual([])
  })

  test('what a member does to their own leaves everybody else as they were', async () => {
    const fixture = await buildFixture()
    const { self, other } = fixture
    await hub.variables.set(other.id, { USER_TOKEN: 'value-of-the-other' })
    await hub.groups.create(other.id, { name: 'work', servers: ['open'] })
    for (const route of ROUTE_LIST.filter((one) => one.method !== 'GET' && one.permission === 'self')) {
      await call(route, fixture, { key: self.key })
    }
    const open = hub.catalog.snapshot().servers.get('open')!
    expect((await hub.variables.resolve(other.id, open)).values.get('USER_TOKEN')?.reveal()).toBe('value-of-the-other')
    expect(await hub.groups.list(other.id)).toMatchObject([{ name: 'work', active: true }])
    expect((await hub.send('GET', '/api/user/me', { key: other.key })).status).toBe(200)
  })
})
