// Where nobody logs in with a password (MCPHUB_LOGIN_LOCAL=off): none is kept that a person did not need to get in at all.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer } from '../../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../../test/kit/rest-hub.ts'

const PASSWORD = 'a-harmless-gazebo-42'

let hub: RestHub
beforeAll(async () => {
  hub = await startRestHub(undefined, { localLogin: false })
})
afterAll(() => hub.stop())

const post = (path: string, body: object): Promise<Answer> => hub.send('POST', path, { page: true, body })
const run = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
  hub.world.opened.database.run(null, (manager): Promise<T[]> => manager.query(sql, values))
const refusalOf = ({ status, problem }: Answer) => [status, problem.data]
const REFUSED = [403, { reason: 'localLoginOff' }]

test('the first administrator sets up all the same, with a session to link an account from', async () => {
  const setup = await hub.world.users.createSetupToken()
  const body = { token: setup!.token.reveal(), username: 'root', password: PASSWORD }
  const made = await post('/api/setup', body)
  expect([made.status, made.headers.getSetCookie()]).toEqual([201, [expect.stringMatching(/^mcphub_session=/)]])
  expect(refusalOf(await post('/api/login/local', { username: 'root', password: PASSWORD }))).toEqual(REFUSED)
})

test('an invitation takes no password, costs no hash for it, and stays good without', async () => {
  const person = await hub.addPerson('heidi')
  const { token } = await hub.login.createLink(person.id, 'invite')
  const before = hub.passwords.rounds()
  expect(refusalOf(await post('/api/login/link', { token: token.reveal(), password: PASSWORD }))).toEqual(REFUSED)
  expect([hub.passwords.rounds(), await hub.login.hasPassword(person.id)]).toEqual([before, false])
  const entered = await post('/api/login/link', { token: token.reveal() })
  expect([entered.status, entered.json]).toMatchObject([200, { username: 'heidi', hasPassword: false }])
})

test('nobody sets one', async () => {
  const { id, session } = await hub.addPerson('ivan')
  const body = { current: null, next: PASSWORD }
  expect(refusalOf(await hub.send('PUT', '/api/user/password', { session, body }))).toEqual(REFUSED)
  expect(await hub.login.hasPassword(id)).toBe(false)
})

test('one of before is no way in: the last account stays linked', async () => {
  const { id, session } = await hub.addPerson('judy')
  await run(`INSERT INTO passwords (user_id, phc) VALUES ($1, 'of before')`, [id])
  const add = `INSERT INTO external_accounts (provider, subject, user_id) VALUES ($1, 'judy', $2) RETURNING id`
  const [last] = await run<{ id: string }>(add, ['https://one.example.com', id])
  const unlink = () => hub.send('DELETE', `/api/user/accounts/${last!.id}`, { session })
  expect(refusalOf(await unlink())).toEqual([409, { reason: 'lastWayIn' }])
  await run(add, ['https://two.example.com', id])
  expect((await unlink()).status).toBe(204)
})
