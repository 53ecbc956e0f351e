// Logging in over the REST API, on real sockets and the real database: passwords, links, the first administrator, cookies, ends.
import type { MeResponse } from '@mcphub/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer, Person, Sent } from '../../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../../test/kit/rest-hub.ts'
import { HUB } from '../../../../test/kit/worlds.ts'
import { createRateLimiter } from '../../platform/rate-limiter.ts'
import { createLoginService } from './login-service.ts'

const PASSWORD = 'a-harmless-gazebo-42'
const OTHER = 'vier blaue Kacheln'

let hub: RestHub
let admin: Person
beforeAll(async () => {
  hub = await startRestHub()
})
afterAll(() => hub.stop())

const post = (path: string, body: object, sent: Sent = { page: true }): Promise<Answer> =>
  hub.send('POST', path, { ...sent, body })
const cookieOf = (answer: Answer): string =>
  /^mcphub_session=([^;]+)/.exec(answer.headers.getSetCookie()[0] ?? '')?.[1] ?? ''
const me = (session: string) => hub.send('GET', '/api/user/me', { session })
const logIn = (username: string, password: string) => post('/api/login/local', { username, password })

const setPassword = (session: string) =>
  hub.send('PUT', '/api/user/password', { session, body: { current: null, next: PASSWORD } })

async function addWithPassword(username: string): Promise<Person> {
  const person = await hub.addPerson(username)
  expect((await setPassword(person.session)).status).toBe(204)
  return person
}

describe('the first administrator', () => {
  test('sets up with a password: a session begins, no key is made, and the link is used up', async () => {
    expect((await hub.send('GET', '/api/login')).json).toEqual({
      ...{ setupNeeded: true, local: true, providers: [], transport: 'ok', publicUrl: null },
    })
    const setup = await hub.world.users.createSetupToken()
    const token = setup!.token.reveal()
    const body = { token, username: 'root', password: PASSWORD }
    // a page of elsewhere, or a program, begins no session; and a weak password leaves the link as it was
    expect((await post('/api/setup', body, {})).problem.code).toBe('origin_forbidden')
    const weak = await post('/api/setup', { ...body, password: 'password1234' })
    expect(weak.problem.faults).toMatchObject([{ field: 'password' }])
    const made = await post('/api/setup', body)
    expect([made.status, made.json]).toMatchObject([201, { key: null, user: { username: 'root', role: 'admin' } }])
    const session = cookieOf(made)
    expect((await me(session)).json).toMatchObject({
      username: 'root',
      key: null,
      session: { method: 'setup' },
      hasPassword: true,
    })
    expect((await post('/api/setup', { ...body, username: 'mallory' })).status).toBe(403)
    expect((await hub.send('GET', '/api/login')).json).toMatchObject({ setupNeeded: false })
    const { id } = (await me(session)).json as MeResponse
    admin = { id, username: 'root', key: '', keyId: '', session }
    expect(await hub.world.keys.list(id)).toEqual([])
    const tries = hub.records.filter(({ action }) => action === 'POST /api/setup')
    expect(tries.map(({ outcome, via }) => [outcome, via])).toEqual([
      ['refused', null],
      ['error', null],
      ['ok', 'console'],
      ['refused', null],
    ])
  })
})

describe('with a password', () => {
  test('the cookie holds the session and nothing else does', async () => {
    const person = await addWithPassword('carol')
    hub.records.length = 0
    const answer = await logIn(' Carol '.trim().toUpperCase(), PASSWORD)
    expect([answer.status, answer.json]).toMatchObject([
      200,
      { id: person.id, key: null, session: { method: 'password' }, hasPassword: true, loginUntil: null },
    ])
    const cookies = answer.headers.getSetCookie()
    expect(cookies).toEqual([
      expect.stringMatching(
        /^mcphub_session=mcphub_session_[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=60\d{4}$/,
      ),
    ])
    const token = cookieOf(answer)
    expect(answer.text).not.toContain(token.slice(15))
    const { session } = answer.json as MeResponse
    expect(hub.records).toMatchObject([
      { action: 'POST /api/login/local', outcome: 'ok', userId: person.id, keyId: session!.id, via: 'console' },
    ])
    expect(hub.lines.join('') + JSON.stringify(hub.records)).not.toContain(token.slice(15))
    expect(hub.lines.join('') + JSON.stringify(hub.records)).not.toContain(PASSWORD)
  })

  test('ID-1: wrong name, wrong password, no password and nobody at all are one answer for the same work', async () => {
    await addWithPassword('dave')
    await hub.addPerson('no-password')
    const off = await addWithPassword('switched-off')
    await hub.world.users.deactivate(HUB, off.id)
    const texts = new Set<string>()
    for (const [username, password] of [
      ['dave', 'wrong'],
      ['nobody', PASSWORD],
      ['no-password', PASSWORD],
      ['switched-off', PASSWORD],
      ['../etc', PASSWORD],
      ['x'.repeat(128), 'y'.repeat(512)],
    ] as const) {
      const before = hub.passwords.rounds()
      const answer = await logIn(username, password)
      expect([username, hub.passwords.rounds() - before]).toEqual([username, 1])
      expect(answer.problem.data).toEqual({ reason: 'wrongPassword' })
      texts.add(`${answer.status} ${answer.problem.detail} ${answer.headers.getSetCookie().length}`)
      expect(answer.headers.get('www-authenticate')).toBeNull()
    }
    expect([...texts]).toEqual(['401 The username or the password is wrong 0'])
  })

  test('five wrong tries lock the name on all replicas, for the right password too; a success forgets them', async () => {
    const person = await addWithPassword('erin')
    for (let i = 0; i < 4; i++) expect((await logIn('erin', 'wrong')).status).toBe(401)
    expect((await logIn('erin', PASSWORD)).status).toBe(200)
    for (let i = 0; i < 5; i++) expect((await logIn('erin', 'wrong')).status).toBe(401)
    const locked = await logIn('erin', PASSWORD)
    expect([locked.status, locked.problem.code]).toEqual([429, 'too_many_requests'])
    expect(locked.problem.data).toEqual({ reason: 'tooManyTries' })
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(25)
    const other = createLoginService({
      ...{ store: hub.world.loginStore, passwords: hub.passwords, sessions: hub.world.consoleSessions },
      ...{ users: hub.world.users, transactor: hub.world.transactor, limiter: createRateLimiter(), hubId: 'hub' },
    })
    const there = other.withPassword({ username: 'erin', password: PASSWORD, browser: null, presented: null })
    await expect(there).rejects.toMatchObject({ code: 'too_many_requests' })
    // who is in stays in
    expect((await me(person.session)).status).toBe(200)
  })

  test('CON-5: a cookie set beforehand is not the session: each login makes a new token', async () => {
    await addWithPassword('frank')
    const planted = `mcphub_session_${'a'.repeat(64)}`
    const first = await post('/api/login/local', { username: 'frank', password: PASSWORD }, { session: planted })
    const second = await post(
      '/api/login/local',
      { username: 'frank', password: PASSWORD },
      { session: cookieOf(first) },
    )
    expect([first.status, second.status]).toEqual([200, 200])
    expect(new Set([planted, cookieOf(first), cookieOf(second)]).size).toBe(3)
    // the one that was shown has ended with the second log-in
    for (const over of [planted, cookieOf(first)]) expect((await me(over)).status).toBe(401)
    expect((await me(cookieOf(second))).status).toBe(200)
    // two cookies of that name: one of them is somebody else's doing
    const twice = {
      page: true,
      headers: { cookie: `mcphub_session=${planted}; mcphub_session=${cookieOf(second)}` },
    } as const
    expect((await hub.send('GET', '/api/user/me', twice)).status).toBe(401)
  })

  test('CON-5: whoever logs in over the session of somebody else ends it, and one elsewhere goes on', async () => {
    const [before, after] = [await addWithPassword('fred'), await addWithPassword('gina')]
    const failed = await post('/api/login/local', { username: 'gina', password: 'wrong' }, { session: before.session })
    expect([failed.status, (await me(before.session)).status]).toEqual([401, 200])
    await post('/api/login/local', { username: 'gina', password: PASSWORD }, { session: before.session })
    expect([(await me(before.session)).status, (await me(after.session)).status]).toEqual([401, 200])
    expect(await hub.world.consoleSessions.list(before.id)).toEqual([])
  })

  test('a change of the password ends all other sessions, and needs the one before', async () => {
    const person = await addWithPassword('grace')
    const elsewhere = cookieOf(await logIn('grace', PASSWORD))
    const change = (body: object, sent: Sent = { session: person.session }) =>
      hub.send('PUT', '/api/user/password', { ...sent, body })
    for (const current of [null, 'wrong']) {
      const refused = await change({ current, next: OTHER })
      expect([refused.status, refused.problem.faults]).toMatchObject([
        400,
        [{ field: 'current', code: 'wrongCurrentPassword' }],
      ])
    }
    const weak = await change({ current: PASSWORD, next: 'grace-grace-1' })
    expect(weak.problem.faults).toMatchObject([{ field: 'next', code: 'passwordIsName' }])
    expect((await change({ current: PASSWORD, next: OTHER }, { key: person.key })).status).toBe(403)
    expect((await me(elsewhere)).status).toBe(200)
    expect((await change({ current: PASSWORD, next: OTHER })).status).toBe(204)
    expect([(await me(elsewhere)).status, (await me(person.session)).status]).toEqual([401, 200])
    expect((await logIn('grace', PASSWORD)).status).toBe(401)
    expect((await logIn('grace', OTHER)).status).toBe(200)
  })
})

async function again({ id }: Person, there: 'deactivate' | 'remove', back: 'activate' | 'restore'): Promise<void> {
  await hub.world.users[there](HUB, id)
  await hub.world.users[back](HUB, id)
}

describe('with a link', () => {
  const invite = async (id: string): Promise<string> => {
    const answer = await hub.send('POST', `/api/admin/users/${id}/invite`, { session: admin.session })
    const { link } = answer.json as { link: string }
    expect(link).toMatch(new RegExp(`^${hub.url}/login#token=mcphub_link_[0-9a-f]{64}$`))
    return link.split('=')[1]!
  }

  test('an invitation logs in once and sets a password; of two at the same time one gets in', async () => {
    const person = await hub.addPerson('heidi')
    const token = await invite(person.id)
    expect(hub.lines.join('') + JSON.stringify(hub.records)).not.toContain(token.slice(12))
    // as often as one likes: it tells whose it is, and stays good
    for (let time = 0; time < 2; time++)
      expect((await post('/api/login/link/read', { token })).json).toEqual({ username: 'heidi', takesPassword: true })
    const weak = await post('/api/login/link', { token, password: 'welcome12345' })
    expect(weak.problem.faults).toMatchObject([{ field: 'password' }])
    const both = await Promise.all([1, 2].map(() => post('/api/login/link', { token, password: PASSWORD })))
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 403])
    const session = cookieOf(both.find(({ status }) => status === 200)!)
    expect((await me(session)).json).toMatchObject({
      username: 'heidi',
      hasPassword: true,
      session: { method: 'link' },
    })
    // what was begun before the new password has ended
    expect((await me(person.session)).status).toBe(401)
    expect((await logIn('heidi', PASSWORD)).status).toBe(200)
  })

  test('a newer one replaces it; whoever is not active gets none and none works', async () => {
    const person = await hub.addPerson('ivan')
    const [old, fresh] = [await invite(person.id), await invite(person.id)]
    expect((await post('/api/login/link', { token: old })).status).toBe(403)
    await hub.world.users.deactivate(HUB, person.id)
    expect((await post('/api/login/link', { token: fresh })).status).toBe(403)
    const refused = await hub.send('POST', `/api/admin/users/${person.id}/invite`, { session: admin.session })
    expect(refused.problem.code).toBe('conflict')
  })

  test.each<[string, (person: Person) => Promise<unknown>]>([
    ['is switched off and on', (person) => again(person, 'deactivate', 'activate')],
    ['is deleted and restored', (person) => again(person, 'remove', 'restore')],
    ['gets another role', ({ id }) => hub.world.users.setRole(HUB, id, 'admin')],
    ['sets a password', ({ session }) => setPassword(session)],
    [
      'is logged out everywhere by an administrator',
      ({ id }) => hub.send('DELETE', `/api/admin/users/${id}/console-sessions`, { session: admin.session }),
    ],
    ['logs out everywhere else', ({ session }) => hub.send('DELETE', '/api/console-sessions', { session })],
    ['logs in another way', ({ id }) => hub.startSession(id)],
  ])('CON-5: an invitation that was not used ends when its person %s', async (what, work) => {
    const person = await hub.addPerson(`invited-${what.replaceAll(' ', '-')}`)
    const bystander = await hub.addPerson(`by-${person.username}`)
    const tokens = [await invite(person.id), await invite(bystander.id)]
    await work(person)
    const redeemed = await Promise.all(tokens.map((token) => post('/api/login/link', { token, password: OTHER })))
    expect(redeemed.map(({ status }) => status)).toEqual([403, 200])
    expect(redeemed[0]!.problem.data).toEqual({ reason: 'linkNotValid' })
  })

  test('no key invites its own person; it invites others, and a session anybody', async () => {
    const root = await hub.addPerson('second-root', 'admin')
    const other = await hub.addPerson('kim')
    const inviteBy = (sent: Sent, id: string) => hub.send('POST', `/api/admin/users/${id}/invite`, sent)
    const own = await inviteBy({ key: root.key }, root.id)
    expect([own.status, own.problem.code, own.text.includes('mcphub_link_')]).toEqual([403, 'forbidden', false])
    expect((await inviteBy({ key: root.key }, other.id)).status).toBe(201)
    expect((await inviteBy({ session: root.session }, root.id)).status).toBe(201)
  })

  test('a demo link sets no password', async () => {
    const person = await hub.addPerson('judy')
    const { token } = await hub.login.createLink(person.id, 'demo')
    const read = await post('/api/login/link/read', { token: token.reveal() })
    expect(read.json).toEqual({ username: 'judy', takesPassword: false })
    const before = hub.passwords.rounds()
    expect((await post('/api/login/link', { token: token.reveal(), password: PASSWORD })).status).toBe(403)
    // nor does it cost a hash, however often it is shown
    expect(hub.passwords.rounds()).toBe(before)
    const answer = await post('/api/login/link', { token: token.reveal() })
    expect([answer.status, answer.json]).toMatchObject([200, { username: 'judy', hasPassword: false }])
  })
})

describe('a session', () => {
  test('is listed, ended one by one, and gone with its cookie after a log-out', async () => {
    const person = await addWithPassword('karl')
    const sessions = [cookieOf(await logIn('karl', PASSWORD)), cookieOf(await logIn('karl', PASSWORD))]
    const listed = await hub.send('GET', '/api/console-sessions', { session: sessions[0]! })
    const { items } = listed.json as { items: { id: string; current: boolean; browser: string | null }[] }
    expect(items.map(({ current }) => current)).toEqual([false, true, false])
    expect(listed.text).not.toContain('mcphub_session_')
    await hub.send('DELETE', `/api/console-sessions/${items[0]!.id}`, { session: sessions[0]! })
    expect((await me(sessions[1]!)).status).toBe(401)
    expect((await hub.send('DELETE', '/api/console-sessions', { session: sessions[0]! })).status).toBe(204)
    expect([(await me(person.session)).status, (await me(sessions[0]!)).status]).toEqual([401, 200])
    const out = await hub.send('POST', '/api/logout', { session: sessions[0]! })
    expect(out.headers.getSetCookie()).toEqual(['mcphub_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0'])
    expect((await me(sessions[0]!)).status).toBe(401)
  })

  test('is not read beside an Authorization header, whatever that holds', async () => {
    const person = await hub.addPerson('lena')
    const both = { session: person.session, headers: { authorization: 'Bearer mcphub_wrong' } }
    expect((await hub.send('GET', '/api/user/me', both)).status).toBe(401)
    const key = await hub.send('GET', '/api/user/me', { session: person.session, key: person.key })
    expect(key.json).toMatchObject({ session: null, key: { id: person.keyId } })
  })

  test('ends with a change of role, and the audit has what was before', async () => {
    const person = await hub.addPerson('mona')
    hub.records.length = 0
    const body = { role: 'auditor' }
    const answer = await hub.send('PUT', `/api/admin/users/${person.id}/role`, { session: admin.session, body })
    expect(answer.json).toMatchObject({ role: 'auditor' })
    expect(hub.records[0]?.detail).toMatchObject({ before: { role: 'member' }, after: { role: 'auditor' } })
    expect((await me(person.session)).status).toBe(401)
    expect((await hub.send('GET', '/api/admin/users/list', { key: person.key })).status).toBe(200)
    const self = await hub.send('PUT', `/api/admin/users/${admin.id}/role`, { session: admin.session, body })
    expect(self.status).toBe(403)
  })

  test('keeps preferences, each by itself', async () => {
    const { session } = await hub.addPerson('nina')
    const set = (body: object) => hub.send('PATCH', '/api/user/preferences', { session, body })
    expect((await me(session)).json).toMatchObject({ preferences: { language: null, theme: null } })
    expect((await set({ language: 'ko' })).status).toBe(204)
    expect((await set({ theme: 'dark' })).status).toBe(204)
    expect((await me(session)).json).toMatchObject({ preferences: { language: 'ko', theme: 'dark' } })
  })
})

test('people are found page by page, by name, state and role', async () => {
  for (let i = 0; i < 7; i++) await hub.addPerson(`page-${i}`, i === 3 ? 'auditor' : 'member')
  const list = async (query: string) => {
    const answer = await hub.send('GET', `/api/admin/users/list?${query}`, { session: admin.session })
    return answer.json as { items: { username: string }[]; nextCursor: string | null; total: number }
  }
  const first = await list('search=PAGE-&limit=4')
  expect([first.items.map(({ username }) => username), first.total]).toEqual([
    ['page-0', 'page-1', 'page-2', 'page-3'],
    7,
  ])
  const second = await list(`search=page-&limit=4&cursor=${first.nextCursor}`)
  expect([second.items.length, second.nextCursor, second.total]).toEqual([3, null, 7])
  expect(await list('search=page-&role=auditor&limit=4')).toMatchObject({ items: [{ username: 'page-3' }], total: 1 })
  expect((await list('state=deleted&limit=4')).total).toBe(0)
  const all = await list('')
  expect([all.nextCursor, all.total]).toEqual([null, all.items.length])
})

test('one person: what hangs on them', async () => {
  const person = await addWithPassword('oskar')
  const answer = await hub.send('GET', `/api/admin/users/${person.id}`, { session: admin.session })
  expect(answer.json).toMatchObject({
    ...{ username: 'oskar', hasPassword: true, loginUntil: null, accounts: [], claims: [], groups: [] },
    counts: { keys: 1, consoleSessions: 1 },
  })
})
