// What the REST API answers, feature by feature, on the real database; who may ask is api.int.test.ts.
import { TOOL_COUNT_WARNINGS } from '@mcphub/api'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildSandboxInfo, buildSession, health } from '../../../test/kit/hub-doubles.ts'
import type { Person } from '../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../test/kit/rest-hub.ts'

let hub: RestHub
let admin: Person
let alice: Person
let bob: Person

const stdio = (env: readonly string[], name = 'pkg') => ({
  package: { npm: { name, version: '1.0.0' } },
  env: env.map((value, index) => ({ name: `V${index}`, value })),
})

beforeAll(async () => {
  hub = await startRestHub()
  alice = await hub.addPerson('alice')
  bob = await hub.addPerson('bob')
})
afterAll(() => hub.stop())
beforeEach(() => {
  hub.records.length = 0
  hub.catalog.set({
    servers: {
      open: { type: 'Stdio', access: 'Everyone', riskLevel: 'Low', stdio: stdio([]) },
      mail: {
        type: 'Stdio',
        stdio: stdio(['${USER_MAIL} ${ORG_MAIL}'], 'mail-pkg'),
        userVariables: [{ name: 'USER_MAIL', label: '메일', pattern: '^[a-z0-9-]+$' }],
      },
      other: { type: 'Stdio', stdio: stdio(['${USER_MAIL}', '${USER_OTHER}']) },
    },
    groups: {
      mailers: { members: { users: ['alice'] }, servers: ['mail'], limits: { callsPerMinute: 7 } },
      others: { members: { users: ['bob'] }, serverSelector: { matchLabels: {} }, servers: ['other', 'gone'] },
    },
  })
})

const get = async <T>(path: string, person: Person): Promise<T> => {
  const answer = await hub.send('GET', path, { key: person.key })
  expect([path, answer.status, answer.text]).toEqual([path, 200, answer.text])
  return answer.json as T
}

interface Items<T> {
  readonly items: readonly T[]
}

describe('the first administrator', () => {
  test('a set-up token works once, and its holder becomes administrator with a key', async () => {
    const setup = await hub.world.users.createSetupToken()
    const token = setup!.token.reveal()
    const made = await hub.send('POST', '/api/setup', { body: { token, username: 'Root' } })
    expect(made.status).toBe(201)
    const { key, user } = made.json as { key: string; user: { id: string; username: string; role: string } }
    expect(user).toMatchObject({ username: 'root', role: 'admin' })
    admin = { id: user.id, username: 'root', key, keyId: '', session: '' }
    expect(await get('/api/user/me', admin)).toMatchObject({
      username: 'root',
      role: 'admin',
      key: { name: 'First key' },
    })
    expect((await hub.send('POST', '/api/setup', { body: { token, username: 'mallory' } })).status).toBe(403)
    expect(hub.lines.join('') + JSON.stringify(hub.records)).not.toContain(token)
    expect(hub.lines.join('') + JSON.stringify(hub.records)).not.toContain(key)
  })

  test('guessing it is limited: 429 with a time to retry', async () => {
    const tries = Array.from({ length: 15 }, (_, index) =>
      hub.send('POST', '/api/setup', { body: { token: `mcphub_setup_${index}_guess`, username: 'mallory' } }),
    )
    const answers = await Promise.all(tries)
    const late = answers.filter((answer) => answer.status === 429)
    expect(late.length).toBeGreaterThanOrEqual(5)
    expect(Number(late[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

describe('variables', () => {
  test('SEC-3: values go in and only masks come out: the last four of a long one, nothing of a short one', async () => {
    const long = 'long-value-98765-wxyz'
    const path = '/api/user-env-vars'
    const set = await hub.send('POST', path, { key: alice.key, body: { variables: { USER_MAIL: long } } })
    expect(set.json).toMatchObject({ items: [{ name: 'USER_MAIL', masked: '••••••••wxyz', servers: ['mail'] }] })
    await hub.send('POST', path, { key: bob.key, body: { variables: { USER_MAIL: 'short-12345' } } })
    expect(await get(path, bob)).toMatchObject({ items: [{ masked: '••••••••', servers: ['other'] }] })
    const org = { variables: { ORG_MAIL: 'organisation-secret-value' } }
    const kept = await hub.send('PUT', '/api/admin/org-vars', { key: admin.key, body: org })
    expect(kept.json).toMatchObject({ items: [{ name: 'ORG_MAIL', masked: '••••••••', servers: ['mail'] }] })
    const everything = [
      set.text,
      kept.text,
      ...(await Promise.all(
        ['/api/user-env-vars', '/api/env-templates', '/api/servers', '/api/activity'].flatMap((one) =>
          [alice, bob, admin].map(async (who) => (await hub.send('GET', one, { key: who.key })).text),
        ),
      )),
      (await hub.send('GET', '/api/admin/audit', { key: admin.key })).text,
      ...hub.lines,
      JSON.stringify(hub.records),
      await hub.metricsText(),
    ].join('')
    for (const value of [long, 'short-12345', 'organisation-secret-value']) expect(everything).not.toContain(value)
    expect(hub.records.map((record) => record.target)).toContain('USER_MAIL')
  })

  test('SEC-3: the mask sent back leaves the value as it is', async () => {
    const body = { variables: { USER_MAIL: '••••••••wxyz' } }
    expect((await hub.send('POST', '/api/user-env-vars', { key: alice.key, body })).status).toBe(200)
    const mail = hub.catalog.snapshot().servers.get('mail')!
    const { values } = await hub.variables.resolve(alice.id, mail)
    expect(values.get('USER_MAIL')?.reveal()).toBe('long-value-98765-wxyz')
  })

  test('SEC-5: a value that cannot be used is refused by the name of its variable, never repeated', async () => {
    const canary = 'zz9canary'
    for (const value of [
      `${canary}\r\nX: y`,
      `${canary}\0`,
      ` ${canary}`,
      `${canary} `,
      `${canary}한글!`,
      canary.repeat(2000),
    ]) {
      const body = { variables: { USER_MAIL: value } }
      const answer = await hub.send('POST', '/api/user-env-vars', { key: alice.key, body })
      expect([answer.status, answer.problem.code]).toEqual([400, 'invalid_params'])
      expect(answer.problem.faults?.some((fault) => fault.field.includes('USER_MAIL'))).toBe(true)
      expect(answer.text + hub.lines.join('') + JSON.stringify(hub.records)).not.toContain(canary)
    }
  })

  test('SES-8: a variable that only a hidden server names is taken like one that nobody names', async () => {
    const carl = await hub.addPerson('carl')
    const path = '/api/user-env-vars'
    // `mail` wants a form, and ASCII for nothing but that
    for (const value of ['Not Of That Form', 'geheim 한글']) {
      const [hidden, unknown] = await Promise.all(
        ['USER_MAIL', 'USER_NONE'].map((name) =>
          hub.send('POST', path, { key: carl.key, body: { variables: { [name]: value } } }),
        ),
      )
      expect([hidden!.status, unknown!.status]).toEqual([200, 200])
    }
    const { items } = await get<Items<{ name: string; servers: string[] }>>(path, carl)
    expect(items.map(({ name, servers }) => [name, servers])).toEqual([
      ['USER_MAIL', []],
      ['USER_NONE', []],
    ])
    const asked = { key: alice.key, body: { variables: { USER_MAIL: 'Not Of That Form' } } }
    expect((await hub.send('POST', path, asked)).status).toBe(400)
  })

  test('templates follow the catalogue, for the servers one may use, also those a personal group hides', async () => {
    interface Template {
      readonly server: string
      readonly variables: readonly { readonly name: string; readonly label: string | null; readonly isSet: boolean }[]
    }
    const own = await hub.groups.create(alice.id, { name: 'nothing', servers: [] })
    const { items } = await get<Items<Template>>('/api/env-templates', alice)
    expect(items.map((item) => item.server)).toEqual(['mail'])
    expect(items[0]?.variables).toMatchObject([
      { name: 'USER_MAIL', label: '메일', isSet: true, pattern: '^[a-z0-9-]+$' },
    ])
    await hub.groups.remove(alice.id, own.id)
    expect(await get('/api/env-templates', admin)).toEqual({ items: [] })
  })

  test('DAT-3: the ring rotates while values are read; they stay what they are', async () => {
    const answer = await hub.send('POST', '/api/admin/key-ring/rotate', { key: admin.key })
    expect(answer.status).toBe(200)
    expect((answer.json as { resealed: number }).resealed).toBeGreaterThanOrEqual(2)
    const mail = hub.catalog.snapshot().servers.get('mail')!
    const { values } = await hub.variables.resolve(alice.id, mail)
    expect(values.get('USER_MAIL')?.reveal()).toBe('long-value-98765-wxyz')
  })
})

describe('servers and tools', () => {
  interface Server {
    readonly name: string
    readonly status: string
    readonly statusReason: string
    readonly missingVariables: readonly string[]
    readonly toolCount: number | null
  }

  test('each sees their own servers with the state for them; why it is isolated so; what is missing and how to set it', async () => {
    hub.discoveries.put('open', null, ['ping'])
    const mine = await get<Items<Server> & { separation: object }>('/api/servers', alice)
    expect(mine.items.map((item) => [item.name, item.status])).toEqual([
      ['open', 'Ready'],
      ['mail', 'Undiscovered'],
    ])
    expect(mine.items[1]).toMatchObject({
      isolation: { mode: 'PerUser', reason: expect.stringMatching(/USER_MAIL|variable/) },
    })
    expect(mine.separation).toMatchObject({ kind: 'Uid' })
    const theirs = await get<Items<Server>>('/api/servers', bob)
    expect(theirs.items.map((item) => [item.name, item.status])).toEqual([
      ['open', 'Ready'],
      ['other', 'MissingVariable'],
    ])
    expect(theirs.items[1]?.missingVariables).toEqual(['USER_OTHER'])
    expect(theirs.items[1]?.statusReason).toContain('mcphub secrets set USER_OTHER')
  })

  test('package, fault and detail of one server', async () => {
    hub.packages.set('mail-pkg', { state: 'Installing', message: 'installing 3 of 9' })
    expect(await get('/api/servers/mail', alice)).toMatchObject({
      status: 'Installing',
      statusReason: 'installing 3 of 9',
      userVariables: [{ name: 'USER_MAIL', required: true, isSet: true }],
      discoveredAt: null,
    })
    hub.packages.clear()
    hub.discoveries.faults.set('mail', 'exited with 1')
    expect(await get('/api/servers/mail', alice)).toMatchObject({ status: 'Failed', statusReason: 'exited with 1' })
    hub.discoveries.faults.clear()
    hub.discoveries.put('mail', alice.id, ['send', 'read'])
    expect(await get('/api/servers/mail', alice)).toMatchObject({
      status: 'Ready',
      tools: [{ name: 'send', exposedName: 'mail__send' }, { name: 'read' }],
      discoveredAt: '2026-01-01T00:00:00.000Z',
    })
  })

  test('an administrator sees all servers, the faults of the manifests, and no person in it', async () => {
    const fault = { file: 'mail.yaml', line: 4, resource: 'McpServer/mail', message: 'unknown field "tokn"' }
    const before = hub.catalog.snapshot()
    hub.catalog.set({ faults: [fault] })
    Object.assign(hub.catalog.snapshot(), { servers: before.servers, groups: before.groups })
    const at = '2026-01-01T00:00:05Z'
    hub.healths.splice(0, Infinity, health('mail', { links: 2, lastFault: { at, message: 'HTTP 502' } }))
    const answer = await get<Items<Server> & { faults: readonly object[] }>('/api/admin/servers', admin)
    expect(answer.items.map((item) => item.name)).toEqual(['open', 'mail', 'other'])
    expect(answer.items[1]).toMatchObject({
      status: 'Failed',
      links: 2,
      orgVariables: ['ORG_MAIL'],
      faults: ['mail.yaml:4: unknown field "tokn"', '2026-01-01T00:00:05Z: HTTP 502'],
    })
    expect(answer.items[2]).toMatchObject({ missingVariables: [] })
    expect(answer.faults).toEqual([{ ...fault, said: [] }])
    hub.healths.length = 0
    const { items } = await get<Items<{ name: string; servers: string[]; limits: object }>>('/api/admin/groups', admin)
    expect(items).toMatchObject([
      { name: 'mailers', servers: ['mail'], limits: { callsPerMinute: 7, cpu: null } },
      { name: 'others', servers: ['other'] },
    ])
  })

  test('tools are those the editor shows; too many are warned of; a missing variable is named', async () => {
    hub.discoveries.put('mail', alice.id, ['send'])
    expect(await get('/api/tools', alice)).toMatchObject({
      items: [{ name: 'open__ping' }, { name: 'mail__send', server: 'mail', tool: 'send', description: 'does send' }],
      warning: null,
      missing: [],
    })
    expect(await get('/api/tools', bob)).toMatchObject({
      items: [{ name: 'open__ping' }],
      missing: [{ server: 'other', variables: ['USER_OTHER'] }],
    })
    const off = await hub.groups.create(alice.id, { name: 'only-open', servers: ['open'] })
    expect(((await get('/api/tools', alice)) as Items<object>).items).toHaveLength(1)
    await hub.groups.remove(alice.id, off.id)
    hub.discoveries.put(
      'open',
      null,
      Array.from({ length: TOOL_COUNT_WARNINGS[1] }, (_, index) => `t${index}`),
    )
    expect(await get('/api/tools', bob)).toMatchObject({ warning: expect.stringContaining('from 80 on') })
    hub.discoveries.put('open', null, ['ping'])
  })

  test('SES-8: explain tells every step of what one may use, and of nothing else', async () => {
    const mine = await get<{ steps: { step: string; ok: boolean }[] }>('/api/tools/explain?tool=mail__send', alice)
    expect(mine).toMatchObject({ server: 'mail', user: 'alice', visible: true })
    expect(mine.steps.length).toBeGreaterThanOrEqual(6)
    const hidden = await hub.send('GET', '/api/tools/explain?tool=mail__send', { key: bob.key })
    const unknown = await hub.send('GET', '/api/tools/explain?tool=none__send', { key: bob.key })
    expect(hidden.text.replaceAll('mail__', 'none__')).toBe(unknown.text)
    const forAlice = '/api/tools/explain?tool=other&user=alice'
    expect(await get(forAlice, admin)).toMatchObject({ server: 'other', user: 'alice', visible: false })
    for (const user of ['alice', 'nobody']) {
      const answer = await hub.send('GET', `/api/tools/explain?tool=other&user=${user}`, { key: bob.key })
      expect([answer.status, answer.problem.detail]).toEqual([404, 'There is no such user'])
    }
  })
})

describe('sessions, sandboxes, activity', () => {
  test('lists hold the caller’s own; an administrator sees whose each is and may end any', async () => {
    const session = buildSession({ userId: alice.id, keyId: alice.keyId })
    const foreign = buildSession({ userId: bob.id, keyId: bob.keyId })
    hub.sessions.splice(0, Infinity, session, foreign)
    expect(await get('/api/sessions', alice)).toMatchObject({ items: [{ id: session.id, username: 'alice' }] })
    const all = await get<Items<{ username: string }>>('/api/admin/sessions', admin)
    expect(all.items.map((item) => item.username)).toEqual(['alice', 'bob'])
    expect((await hub.send('DELETE', `/api/sessions/${foreign.id}`, { key: admin.key })).status).toBe(204)
    expect(await get('/api/sessions', bob)).toEqual({ items: [] })
  })

  test('a sandbox that is nobody’s is for administrators; they stop any and read no person’s output', async () => {
    const mine = buildSandboxInfo({ userId: alice.id, username: 'alice' })
    const shared = buildSandboxInfo({ userId: null })
    hub.sandboxes.infos.splice(0, Infinity, mine, shared)
    hub.sandboxes.texts.set(mine.id, 'mine').set(shared.id, 'shared')
    const list = await get<Items<{ id: string }>>('/api/sandboxes', alice)
    expect(list.items.map((item) => item.id)).toEqual([mine.id])
    expect(await get(`/api/sandboxes/${mine.id}/logs`, alice)).toEqual({ id: mine.id, text: 'mine' })
    expect(await get(`/api/sandboxes/${shared.id}/logs`, admin)).toEqual({ id: shared.id, text: 'shared' })
    expect((await hub.send('GET', `/api/sandboxes/${mine.id}/logs`, { key: admin.key })).status).toBe(404)
    for (const method of ['GET', 'DELETE']) {
      const path = `/api/sandboxes/${shared.id}${method === 'GET' ? '/logs' : ''}`
      expect((await hub.send(method, path, { key: alice.key })).status).toBe(404)
    }
    expect((await hub.send('DELETE', `/api/sandboxes/${mine.id}`, { key: admin.key })).status).toBe(204)
    expect(await get('/api/sandboxes', alice)).toMatchObject({ items: [] })
    // its last words stay
    expect(await get(`/api/sandboxes/${mine.id}/logs`, alice)).toEqual({ id: mine.id, text: 'mine' })
    expect((await hub.send('GET', `/api/sandboxes/${mine.id}/logs`, { key: bob.key })).status).toBe(404)
  })

  test('activity is one’s own, in pages, newest first; the audit names people, and an erased one by id alone', async () => {
    const eve = await hub.addPerson('eve')
    for (const name of ['a', 'b', 'c'])
      await hub.send('POST', '/api/user/groups', { key: eve.key, body: { name, servers: [] } })
    await hub.send('PUT', `/api/admin/users/${eve.id}/admin`, { key: eve.key, body: { admin: true } })
    await hub.activity.flush()
    interface Page {
      readonly items: readonly {
        readonly target: string | null
        readonly outcome: string
        readonly username?: string | null
        readonly targetShown?: string | null
      }[]
      readonly nextCursor: string | null
    }
    const first = await get<Page>('/api/activity?limit=3', eve)
    expect(first.items.map((item) => [item.target, item.outcome])).toEqual([
      [null, 'refused'],
      ['c', 'ok'],
      ['b', 'ok'],
    ])
    const rest = await get<Page>(`/api/activity?limit=3&cursor=${encodeURIComponent(first.nextCursor!)}`, eve)
    expect([rest.items.map((item) => item.target), rest.nextCursor]).toEqual([['a'], null])
    const refused = await get<Page>(`/api/admin/audit?user=eve&outcome=refused`, admin)
    expect(refused.items).toMatchObject([{ username: 'eve', code: 'forbidden' }])
    expect((await hub.send('GET', '/api/activity?cursor=forged', { key: eve.key })).status).toBe(400)
    // what was done to her names her, though the record has her id alone
    const role = { key: admin.key, body: { role: 'auditor' } }
    expect((await hub.send('PUT', `/api/admin/users/${eve.id}/role`, role)).status).toBe(200)
    await hub.activity.flush()
    const toHer = async () =>
      (await get<Page>('/api/admin/audit?limit=200', admin)).items.find(
        ({ target }) => target === `${eve.id} role=auditor`,
      )
    expect(await toHer()).toMatchObject({ targetShown: 'eve role=auditor' })
    expect((await hub.send('GET', '/api/admin/audit/export?format=csv', { key: admin.key })).text).toContain(
      `,${eve.id} role=auditor,eve role=auditor,`,
    )
    expect((await hub.send('DELETE', `/api/admin/users/${eve.id}?mode=hard`, { key: admin.key })).status).toBe(204)
    expect(await toHer()).toMatchObject({ targetShown: `${eve.id} role=auditor` })
    const later = await get<Page>('/api/admin/audit?limit=200', admin)
    const hers = later.items.filter((item) => (item as { userId?: string }).userId === eve.id)
    expect(hers.length).toBeGreaterThanOrEqual(4)
    expect(hers.every((item) => item.username === null)).toBe(true)
  })
})

describe('people and keys', () => {
  test('add, list, deactivate, promote, delete softly, restore, delete for good', async () => {
    const send = (method: string, path: string, body?: object) =>
      hub.send(method, `/api/admin/users${path}`, { key: admin.key, ...(body ? { body } : {}) })
    const made = (await send('POST', '', { username: 'Carol' })).json as { id: string; username: string }
    expect(made).toMatchObject({ username: 'carol', role: 'member', active: true, deletedAt: null })
    expect((await send('POST', '', { username: 'CAROL' })).status).toBe(409)
    const { json } = await send('POST', `/${made.id}/keys`, { name: 'laptop', expiresAt: '2099-01-01T00:00:00Z' })
    const { key, preview } = json as { key: string; preview: string }
    expect(preview).toBe(`mcphub_…${key.slice(-4)}`)
    expect((await send('GET', `/${made.id}/keys`)).text).not.toContain(key)
    expect((await hub.send('GET', '/api/keys', { key })).status).toBe(200)
    expect((await send('PUT', `/${made.id}/active`, { active: false })).json).toMatchObject({ active: false })
    expect((await hub.send('GET', '/api/keys', { key })).status).toBe(401)
    expect((await send('PUT', `/${made.id}/active`, { active: true })).json).toMatchObject({ active: true })
    expect((await send('PUT', `/${made.id}/admin`, { admin: true })).json).toMatchObject({ role: 'admin' })
    expect((await send('PUT', `/${made.id}/admin`, { admin: false })).json).toMatchObject({ role: 'member' })
    expect((await send('DELETE', `/${made.id}`)).status).toBe(204)
    expect((await send('GET', '/list?username=carol')).json).toEqual({ items: [], nextCursor: null, total: 0 })
    expect((await send('GET', '/list?deleted=only')).json).toMatchObject({ items: [{ username: 'carol' }] })
    expect((await send('POST', `/${made.id}/restore`)).json).toMatchObject({ deletedAt: null })
    expect((await hub.send('GET', '/api/keys', { key })).status).toBe(401)
    expect((await send('DELETE', `/${made.id}?mode=hard`)).status).toBe(204)
    expect((await send('GET', '/list?deleted=include&username=carol')).json).toMatchObject({ items: [], total: 0 })
    expect((await send('GET', `/${made.id}/keys`)).status).toBe(404)
  })

  test('CON-7: nobody deactivates or demotes themself or the last administrator', async () => {
    const own = `/api/admin/users/${admin.id}`
    const answers = await Promise.all([
      hub.send('PUT', `${own}/active`, { key: admin.key, body: { active: false } }),
      hub.send('PUT', `${own}/admin`, { key: admin.key, body: { admin: false } }),
      hub.send('DELETE', own, { key: admin.key }),
    ])
    for (const { status } of answers) expect([403, 409]).toContain(status)
    expect((await hub.send('GET', '/api/admin/users/list', { key: admin.key })).status).toBe(200)
  })
})

describe('the hub itself', () => {
  test('health says little to a stranger; the document lists the API', async () => {
    const answer = await hub.send('GET', '/api/health')
    expect(answer.json).toMatchObject({ status: 'ok', database: 'ok', mode: 'local', version: '0.0.0-test' })
    expect(Object.keys(answer.json as object).sort()).toEqual(['database', 'mode', 'status', 'time', 'version'])
    const document = (await hub.send('GET', '/api/openapi.json')).json as { paths: object }
    expect(Object.keys(document.paths)).toContain('/api/admin/users/{id}/keys')
  })

  test('the doctor answers with every check and a fix for what is wrong', async () => {
    hub.healths.splice(0, Infinity, health('mail', { lastFault: { at: '2026-01-01T00:00:00Z', message: 'HTTP 502' } }))
    const { items } = await get<Items<{ id: string; ok: boolean; fix: string | null }>>('/api/admin/doctor', admin)
    expect(items.length).toBeGreaterThanOrEqual(12)
    expect(items.find((item) => item.id === 'sandboxes')).toMatchObject({ ok: false, fix: expect.stringMatching(/\w/) })
    expect(items.find((item) => item.id === 'database-reachable')).toMatchObject({ ok: true })
    hub.healths.length = 0
  })

  test('GW-14: health says when the hub stops', async () => {
    hub.health.stopping()
    expect((await hub.send('GET', '/api/health')).json).toMatchObject({ status: 'stopping' })
  })
})

test('SEC-2: after all this, no key and no set-up token stands in a log line, a record or a metric', async () => {
  const people = [admin, alice, bob]
  const everything = hub.lines.join('') + JSON.stringify(hub.records) + (await hub.metricsText())
  for (const { key } of people) expect(everything).not.toContain(key)
  expect(everything).not.toMatch(/mcphub_[0-9a-z_]*[0-9a-f]{8}/)
})
