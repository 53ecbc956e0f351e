// An account that is unlinked at the moment somebody comes in through it: the log-in waits, and then it is nobody's account.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LoginWorld, openJar, startLoginWorld } from '../../../../test/kit/login-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'

let world: LoginWorld
beforeAll(async () => {
  world = await startLoginWorld()
})
afterAll(() => world.stop())

const run = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
  world.hub.world.opened.database.run(null, (manager): Promise<T[]> => manager.query(sql, values))

const WAITING = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
const waiting = (count: number): Promise<number> =>
  waitUntil(async () => (await run(WAITING)).length === count, `${count} wait`)

/** What comes after the account in the unlinking is held until the answer is called: the account is gone and not yet gone for the others. */
async function holdClaims(userId: string): Promise<() => Promise<void>> {
  const { database } = world.hub.world.opened
  const [held, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const holding = database.transaction(async (unit) => {
    await database.run(unit, (manager) => manager.query('SELECT FROM claims WHERE user_id = $1 FOR UPDATE', [userId]))
    held.resolve()
    await gate.promise
  })
  await held.promise
  return async () => {
    gate.resolve()
    await holding
  }
}

test.each([
  ['company', 'another person'],
  ['invited', 'nobody'],
])('CON-5: who comes in through %s while the account is unlinked is %s', async (provider, who) => {
  const name = `paul-of-${provider}`
  world.company.person = { sub: `sub-${name}`, preferred_username: name, groups: ['staff'] }
  const jar = openJar()
  await world.logIn(jar)
  const { id } = (await world.me(jar))!
  await run(`INSERT INTO passwords (user_id, phc) VALUES ($1, 'another way in')`, [id])
  const [account] = await run<{ id: string }>('SELECT id FROM external_accounts WHERE user_id = $1', [id])

  const release = await holdClaims(id)
  const session = jar.cookies.get('mcphub_session')!
  const unlinking = world.hub.send('DELETE', `/api/user/accounts/${account!.id}`, { session })
  await waiting(1)
  const other = openJar()
  const entering = world.logIn(other, `/api/oidc/login?provider=${provider}`)
  await waiting(2)
  await release()

  expect((await unlinking).status).toBe(204)
  const end = await entering
  const came = await world.me(other)
  if (who === 'nobody')
    expect([new URL(end, world.hub.url).searchParams.get('fault'), came]).toEqual(['not_invited', null])
  else expect([end, came?.username]).toEqual(['/', `${name}-2`])
  expect(await run('SELECT FROM console_sessions WHERE user_id = $1', [id])).toHaveLength(1)
  expect(await run('SELECT FROM claims WHERE user_id = $1', [id])).toEqual([])
})
