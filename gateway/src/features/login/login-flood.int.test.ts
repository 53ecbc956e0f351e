// Many who try to log in must not keep out those who may: on real sockets and the real database, all from one address, as behind a proxy that
// nobody told the hub of; and by the service itself from several.
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type RestHub, startRestHub } from '../../../../test/kit/rest-hub.ts'
import { HUB } from '../../../../test/kit/worlds.ts'
import { createRateLimiter } from '../../platform/rate-limiter.ts'
import { createLoginService } from './login-service.ts'

const PASSWORD = 'a-harmless-gazebo-42'

let hub: RestHub
let clock = 0
// windows that stand still until a test moves them
const limiter = createRateLimiter(() => clock)
beforeAll(async () => {
  hub = await startRestHub(undefined, { limiter })
})
afterAll(() => hub.stop())
beforeEach(() => {
  clock += 10 * 60_000
})
afterEach(() => run('DELETE FROM login_throttle'))

const run = (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  hub.world.opened.database.run(null, (manager) => manager.query(sql, values))
const post = (path: string, body: object) => hub.send('POST', path, { page: true, body })
const logIn = (username: string, password: string) => post('/api/login/local', { username, password })

async function addWithPassword(username: string): Promise<string> {
  const { id } = await hub.world.users.create(HUB, { username })
  const { token } = await hub.login.createLink(id, 'invite')
  await hub.login.withLink({ token: token.reveal(), password: PASSWORD, browser: null, presented: null })
  return id
}

/** Until nobody is looked at any more. */
async function flood(take: (at: number) => Promise<{ readonly status: number }>): Promise<void> {
  for (let at = 0; at < 100; at++) if ((await take(at)).status === 429) return
  throw new Error('no end of it')
}

/** What tries under names of nobody leave behind, without their work. */
const fill = (): void => limiter.note('login', 300)

test('CON-5: while random names use up all there is, whoever logged in lately comes in, and nobody is told whose name that is', async () => {
  await addWithPassword('alice')
  const stale = await addWithPassword('stale')
  await run(`UPDATE passwords SET used_at = now() - interval '31 days' WHERE user_id = $1`, [stale])
  await flood((at) => logIn(`nobody-${at}`, 'wrong'))
  const rounds = hub.passwords.rounds()
  const told: string[] = []
  for (const [name, password] of [
    ['alice', 'wrong'],
    ['nobody-at-all', 'wrong'],
    ['stale', PASSWORD],
    ['nobody-at-all', PASSWORD],
  ] as const) {
    const { status, text, headers } = await logIn(name, password)
    told.push(`${status} ${headers.get('retry-after')} ${text.replace(/"requestId":"[^"]*"/, '')}`)
  }
  expect(new Set(told).size).toBe(1)
  expect(told[0]).toMatch(/^429 /)
  // of the four only the known one was looked at
  expect(hub.passwords.rounds() - rounds).toBe(1)
  expect((await logIn('alice', PASSWORD)).status).toBe(200)
})

test('tries under a name that is looked at are slowed down, too, and tell nothing when the flood is over', async () => {
  await addWithPassword('bert')
  expect((await logIn('bert', PASSWORD)).status).toBe(200)
  fill()
  const rounds = hub.passwords.rounds()
  for (let at = 0; at < 12; at++) expect((await logIn('bert', 'wrong')).status).toBe(429)
  expect(hub.passwords.rounds() - rounds).toBe(5)
  clock += 10 * 60_000
  // as of any name that was not tried yet
  expect((await logIn('bert', 'wrong')).status).toBe(401)
  expect((await logIn('bert', PASSWORD)).status).toBe(200)
  expect(await run(`SELECT FROM login_throttle WHERE name LIKE 'reserve:%'`)).toEqual([])
})

test('a refusal unseen takes as long as one that was looked at', async () => {
  await addWithPassword('carl')
  expect((await logIn('carl', PASSWORD)).status).toBe(200)
  fill()
  const msOf = async (name: string): Promise<number> => {
    const from = performance.now()
    expect((await logIn(name, 'wrong')).status).toBe(429)
    return performance.now() - from
  }
  const rounds = hub.passwords.rounds()
  const seen = await msOf('carl')
  const unseen = await msOf('nobody-here')
  expect(hub.passwords.rounds() - rounds).toBe(1)
  expect(unseen).toBeGreaterThan(Math.min(seen, 1_000) / 4)
})

test('guessed links and set-up tokens are bounded; a right one is never in their way', async () => {
  const { id } = await hub.world.users.create(HUB, { username: 'dana' })
  const { token } = await hub.login.createLink(id, 'invite')
  await flood((at) => post('/api/login/link', { token: `mcphub_link_${String(at).padStart(64, '0')}` }))
  expect((await post('/api/login/link', { token: token.reveal(), password: PASSWORD })).status).toBe(200)
  const setup = await hub.world.users.createSetupToken()
  await flood((at) =>
    post('/api/setup', { token: `mcphub_setup_${at}_guess`, username: 'mallory', password: PASSWORD }),
  )
  const rounds = hub.passwords.rounds()
  const guess = { token: 'mcphub_setup_another_guess', username: 'mallory', password: PASSWORD }
  expect((await post('/api/setup', guess)).status).toBe(429)
  expect(hub.passwords.rounds()).toBe(rounds)
  const right = await post('/api/setup', { token: setup!.token.reveal(), username: 'root', password: PASSWORD })
  expect(right.status).toBe(201)
})

test('one address in flood leaves another in peace, for names that nobody knows as well', async () => {
  const id = await addWithPassword('emma')
  await run(`UPDATE passwords SET used_at = now() - interval '31 days' WHERE user_id = $1`, [id])
  const { loginStore, consoleSessions, users, transactor } = hub.world
  const login = createLoginService({
    ...{ store: loginStore, passwords: { ...hub.passwords, verify: async (given: string) => given === PASSWORD } },
    ...{ sessions: consoleSessions, users, transactor, hubId: 'hub', limiter: createRateLimiter(() => 0) },
  })
  const codeOf = (username: string, password: string, address: string): Promise<string> =>
    login.withPassword({ username, password, browser: null, presented: null }, address).then(
      () => 'ok',
      (error: { code: string }) => error.code,
    )
  const codes: string[] = []
  for (let at = 0; at < 61; at++) codes.push(await codeOf(`somebody-${at}`, 'wrong', '192.0.2.1'))
  expect(codes.filter((code) => code === 'unauthenticated')).toHaveLength(60)
  expect(await codeOf('emma', PASSWORD, '192.0.2.1')).toBe('too_many_requests')
  expect(await codeOf('emma', PASSWORD, '192.0.2.2')).toBe('ok')
})

test('behind a proxy that is counted, people wait for nobody else’s tries; what they claim themselves counts for nothing', async () => {
  const behind = await startRestHub(undefined, { proxies: 1, limiter: createRateLimiter(() => 0) })
  onTestFinished(() => behind.stop())
  const guess = async (forwarded: string): Promise<number> => {
    const body = { token: 'mcphub_setup_a_guess', username: 'mallory' }
    return (await behind.send('POST', '/api/setup', { body, headers: { 'x-forwarded-for': forwarded } })).status
  }
  const statuses: number[] = []
  for (let at = 0; at < 11; at++) statuses.push(await guess(`198.51.100.${at}, 192.0.2.1`))
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 403), 429])
  expect(await guess('192.0.2.1, 192.0.2.2')).toBe(403)
})
