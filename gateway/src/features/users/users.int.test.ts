// The users service on both stores: one contract. Then what only PostgreSQL can show: races, replicas, foreign keys.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { HUB, openPgWorld, WORLDS, type PgWorld, type World } from '../../../../test/kit/worlds.ts'
import { makeCanaries, removeCanaries } from './canary-users.ts'
import type { UserChange } from './users-service.ts'

describe.each(WORLDS)('users $name', ({ open }) => {
  let world: World
  beforeAll(async () => void (world = await open()))
  afterAll(() => world.close())

  test('a name is one name in whatever case and composition, and free again after deletion', async () => {
    const { users } = world
    const kim = await users.create(HUB, { username: '김철수' })
    expect(kim).toMatchObject({ username: '김철수', role: 'member', active: true, deletedAt: null, lastSeenAt: null })
    await expect(users.create(HUB, { username: '김철수'.normalize('NFD') })).rejects.toMatchObject({ code: 'conflict' })
    const carol = await users.create(HUB, { username: 'Carol' })
    expect(carol.username).toBe('carol')
    await expect(users.create(HUB, { username: 'CAROL' })).rejects.toMatchObject({ code: 'conflict' })
    expect(await users.find('cArOl')).toEqual(carol)
    await users.remove(HUB, carol.id)
    const second = await users.create(HUB, { username: 'carol' })
    expect(second.id).not.toBe(carol.id)
    await expect(users.restore(HUB, carol.id)).rejects.toMatchObject({ code: 'conflict' })
    expect((await users.find(carol.id)).deletedAt).not.toBeNull()
  })

  test('DAT-5: names that cannot be are refused with a reason and without the name', async () => {
    const canary = 'zzcanary'
    const bad = [
      '',
      ' ',
      `${canary}\0x`,
      `${canary} x`,
      `<${canary}>`,
      `${canary}/`,
      `'; DROP TABLE users; --`,
      'a'.repeat(65),
    ]
    for (const username of [...bad, '😀', `${canary}\n`, 'a\u202eb', '7f3f4f5e-0000-4000-8000-000000000000']) {
      const thrown = await world.users.create(HUB, { username }).catch((error: unknown) => error)
      expect(thrown).toMatchObject({ code: 'invalid_params' })
      expect(JSON.stringify(thrown)).not.toContain(canary)
    }
  })

  test('whom the test of an installation makes and erases has a name that nobody else gets', async () => {
    const { users, keys } = world
    const maker = await users.create(HUB, { username: 'maker' })
    for (const username of ['hub-canary-a', 'Hub-CANARY-a']) {
      const thrown = await users.create({ userId: maker.id }, { username }).catch((error: unknown) => error)
      expect(thrown).toMatchObject({ code: 'invalid_params' })
      expect(JSON.stringify(thrown)).toContain('Names with -canary- in them belong to the tests of the hub')
    }
    const [canary] = await makeCanaries({ users, keys }, ['hub-canary-a'])
    expect((await users.find(canary!.id)).username).toBe('hub-canary-a')
    await removeCanaries({ users, keys }, [canary!.id])
    await expect(users.find(canary!.id)).rejects.toMatchObject({ code: 'not_found' })
    await users.erase(HUB, maker.id)
  })

  test('what names nobody is not_found, never an internal fault', async () => {
    for (const text of ['', 'nobody', '\0', 'a'.repeat(10_000), "' OR 1=1 --", '00000000-0000-4000-8000-000000000000'])
      await expect(world.users.find(text)).rejects.toMatchObject({ code: 'not_found' })
    for (const id of ['x', '\0', '00000000-0000-4000-8000-000000000000']) {
      await expect(world.users.deactivate(HUB, id)).rejects.toMatchObject({ code: 'not_found' })
      await expect(world.users.erase(HUB, id)).rejects.toMatchObject({ code: 'not_found' })
    }
  })

  test('names for many ids at once; who was erased has none, and what is no id neither', async () => {
    const { users } = world
    const [here, left, erased] = [
      await users.create(HUB, { username: 'here' }),
      await users.create(HUB, { username: 'left' }),
      await users.create(HUB, { username: 'erased' }),
    ]
    await users.remove(HUB, left.id)
    await users.erase(HUB, erased.id)
    const names = await users.names([here.id, left.id, erased.id, here.id, null, 'x', "'; DROP TABLE users; --"])
    expect(Object.fromEntries(names)).toEqual({ [here.id]: 'here', [left.id]: 'left' })
    expect([...(await users.names([null]))]).toEqual([])
  })

  test('pages: every user once, in order, whatever the page size; foreign cursors refused', async () => {
    const names = ['pager-a', 'pager-b', 'pager-한', 'pager-c', 'pager-😀x'.replace('😀', 'z')]
    for (const username of names) await world.users.create(HUB, { username })
    for (const limit of [1, 2, 3, 100]) {
      const seen: string[] = []
      let after: string | null = null
      do {
        const page = await world.users.list({ search: 'PAGER-', limit, ...(after === null ? {} : { after }) })
        seen.push(...page.users.map((user) => user.username))
        after = page.next
      } while (after !== null)
      expect(seen).toEqual(['pager-a', 'pager-b', 'pager-c', 'pager-zx', 'pager-한'])
    }
    await expect(world.users.list({ after: 'rubbish' })).rejects.toMatchObject({ code: 'invalid_params' })
    expect((await world.users.list({ search: '%' })).users).toEqual([])
  })

  test('filters by state and role', async () => {
    const { users } = world
    const [x, y] = [await users.create(HUB, { username: 'state-x' }), await users.create(HUB, { username: 'state-y' })]
    await users.deactivate(HUB, x.id)
    await users.remove(HUB, y.id)
    const names = async (state?: 'living' | 'active' | 'inactive' | 'deleted' | 'all') =>
      (await users.list({ search: 'state-', ...(state ? { state } : {}) })).users.map((user) => user.username)
    expect(await names()).toEqual(['state-x'])
    expect(await names('active')).toEqual([])
    expect(await names('inactive')).toEqual(['state-x'])
    expect(await names('deleted')).toEqual(['state-y'])
    expect(await names('all')).toEqual(['state-x', 'state-y'])
    expect((await users.list({ search: 'state-', role: 'admin' })).users).toEqual([])
  })

  test('CON-7: nobody acts on themself, and the last active administrator stays, whoever asks', async () => {
    const own = await open0()
    const { users } = own
    const root = await users.create(HUB, { username: 'root', role: 'admin' })
    const self = { userId: root.id }
    for (const act of [users.deactivate, users.demote, users.remove, users.erase])
      await expect(act(self, root.id)).rejects.toMatchObject({ code: 'forbidden' })
    for (const act of [users.deactivate, users.demote, users.remove, users.erase])
      await expect(act(HUB, root.id)).rejects.toMatchObject({ code: 'conflict' })
    expect(await users.find(root.id)).toMatchObject({ role: 'admin', active: true, deletedAt: null })
    const second = await users.create(self, { username: 'second' })
    await users.promote(self, second.id)
    await users.deactivate(HUB, second.id)
    // an inactive administrator does not count
    await expect(users.demote(HUB, root.id)).rejects.toMatchObject({ code: 'conflict' })
    await users.activate(HUB, second.id)
    await users.demote({ userId: second.id }, root.id)
    await own.close()
  })

  test('a role is given by name; nobody gives themself one; counts follow the filters', async () => {
    const { users } = world
    const user = await users.create(HUB, { username: 'role-of-mine' })
    expect(await users.setRole(HUB, user.id, 'auditor')).toMatchObject({ role: 'auditor' })
    await expect(users.setRole({ userId: user.id }, user.id, 'admin')).rejects.toMatchObject({ code: 'forbidden' })
    expect(await users.count({ search: 'ROLE-OF', role: 'auditor' })).toBe(1)
    expect(await users.count({ search: 'role-of', state: 'deleted' })).toBe(0)
    expect(await users.setRole(HUB, user.id, 'member')).toMatchObject({ role: 'member' })
    expect(await users.count({ search: 'role-of', role: 'auditor' })).toBe(0)
  })

  test('keys die with a soft deletion and stay dead after the restore', async () => {
    const user = await world.users.create(HUB, { username: 'phoenix' })
    await world.keys.create(user.id, { name: 'one' })
    await world.users.remove(HUB, user.id)
    const back = await world.users.restore(HUB, user.id)
    expect(back.deletedAt).toBeNull()
    expect((await world.keys.list(user.id)).every((key) => key.revokedAt !== null)).toBe(true)
    expect(await world.keys.list(user.id, { liveOnly: true })).toEqual([])
  })

  test('every change is told once, a repeated one not at all', async () => {
    await world.users.create(HUB, { username: 'steady', role: 'admin' })
    const told: UserChange[] = []
    const off = world.users.onUserChange((change) => told.push(change))
    const { id } = await world.users.create(HUB, { username: 'told' })
    for (const act of [
      'deactivate',
      'deactivate',
      'activate',
      'promote',
      'demote',
      'remove',
      'remove',
      'restore',
      'erase',
    ] as const)
      await world.users[act](HUB, id)
    off()
    expect(told.map((change) => change.kind)).toEqual([
      'created',
      'deactivated',
      'activated',
      'promoted',
      'demoted',
      'deleted',
      'restored',
      'erased',
    ])
    expect(new Set(told.map((change) => change.userId))).toEqual(new Set([id]))
  })

  test('the set-up token: only without an administrator, once, the newest alone', async () => {
    const own = await open0()
    const { users } = own
    await users.create(HUB, { username: 'demo' })
    const first = (await users.createSetupToken())!
    const second = (await users.createSetupToken())!
    for (const token of ['', 'x', '\0', first.token.reveal(), second.token.reveal().slice(0, -1)])
      await expect(users.redeemSetup({ token, username: 'boss' })).rejects.toMatchObject({ code: 'forbidden' })
    const token = second.token.reveal()
    await expect(users.redeemSetup({ token, username: 'demo' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(users.redeemSetup({ token, username: 'bad name' })).rejects.toMatchObject({ code: 'invalid_params' })
    const { user, key } = await users.redeemSetup({ token, username: 'boss' })
    expect(user.role).toBe('admin')
    expect(key.reveal()).toMatch(/^mcphub_[0-9a-f]{64}$/)
    expect(await own.keys.list(user.id)).toHaveLength(1)
    await expect(users.redeemSetup({ token, username: 'boss2' })).rejects.toMatchObject({ code: 'forbidden' })
    expect(await users.createSetupToken()).toBeNull()
    expect(await own.settings.get(null, 'setupToken')).toBeNull()
    await own.close()
  })

  test('an expired set-up token is refused', async () => {
    const own = await open0()
    const { token } = (await own.users.createSetupToken())!
    const stored = (await own.settings.get(null, 'setupToken')) as { sha256: string }
    expect(JSON.stringify(stored)).not.toContain(token.reveal())
    await own.settings.put(null, 'setupToken', { ...stored, expiresAt: Date.now() - 1 })
    await expect(own.users.redeemSetup({ token: token.reveal(), username: 'late' })).rejects.toMatchObject({
      code: 'forbidden',
    })
    await own.close()
  })

  async function open0(): Promise<World> {
    return open()
  }
})

describe('users on PostgreSQL alone', () => {
  let world: PgWorld
  beforeAll(async () => void (world = await openPgWorld()))
  afterAll(() => world.close())

  test('asked for at once they are what they are page by page: by name, with the last use of any of their keys', async () => {
    const { users, keys, identities } = world
    const at = new Date('2026-03-01T10:00:00.000Z')
    const [b, a] = [await users.create(HUB, { username: 'many-b' }), await users.create(HUB, { username: 'many-a' })]
    for (const [name, daysAgo] of [
      ['old', 9],
      ['new', 0],
    ] as const) {
      const { key } = await keys.create(a.id, { name })
      await identities.recordUses([{ keyId: key.id, at: new Date(at.getTime() - daysAgo * 86_400_000) }])
    }
    await keys.create(b.id, { name: 'never used' })
    const all = await users.list({ search: 'many-', limit: 10_000 })
    expect(all.users.map(({ username, lastSeenAt }) => [username, lastSeenAt])).toEqual([
      ['many-a', at],
      ['many-b', null],
    ])
    expect(all).toEqual(await users.list({ search: 'many-', limit: 10 }))
  })

  test('CON-7: 200 rounds of two administrators demoting, deactivating and deleting each other leave one', async () => {
    const other = await world.replica()
    let a = await world.users.create(HUB, { username: 'round-a', role: 'admin' })
    let b = await world.users.create(HUB, { username: 'round-b', role: 'admin' })
    const acts = ['demote', 'deactivate', 'remove', 'erase'] as const
    for (let round = 0; round < 200; round++) {
      const [one, two] = [acts[round % 4]!, acts[(round >> 2) % 4]!]
      const results = await Promise.allSettled([
        world.users[one]({ userId: a.id }, b.id),
        other.users[two]({ userId: b.id }, a.id),
      ])
      expect(await world.usersStore.countActiveAdmins(null)).toBeGreaterThanOrEqual(1)
      expect(results.some((result) => result.status === 'fulfilled')).toBe(true)
      a = await revive(a.id, `a${round}`)
      b = await revive(b.id, `b${round}`)
    }

    async function revive(id: string, name: string) {
      const user = await world.users.find(id).catch(() => null)
      if (!user) return world.users.create(HUB, { username: name, role: 'admin' })
      if (user.deletedAt) await world.users.restore(HUB, id)
      await world.users.activate(HUB, id)
      return world.users.promote(HUB, id)
    }
  }, 60_000)

  test('of many that redeem one set-up token at once, one becomes administrator', async () => {
    const own = await openPgWorld()
    const other = await own.replica()
    const { token } = (await own.users.createSetupToken())!
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? own : other).users.redeemSetup({ token: token.reveal(), username: `boss${i}` }),
      ),
    )
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    expect((await own.users.list({ state: 'all' })).users).toHaveLength(1)
    await own.close()
  })

  test('another replica hears of a change within a second, with the notify channel cut', async () => {
    const other = await world.replica()
    const told: UserChange[] = []
    other.users.onUserChange((change) => told.push(change))
    const { id } = await world.users.create(HUB, { username: 'heard' })
    await world.users.deactivate(HUB, id)
    await waitUntil(() => told.some((change) => change.kind === 'deactivated' && change.userId === id), 'heard', 1000)
  })

  test('a feed that lost its place tells of everybody who is locked out', async () => {
    const other = await world.replica()
    const { id } = await world.users.create(HUB, { username: 'locked' })
    await world.users.deactivate(HUB, id)
    const told: UserChange[] = []
    other.users.onUserChange((change) => told.push(change))
    await world.opened.database.run(null, (m) => m.query('UPDATE change_counter SET value = value + 3'))
    await waitUntil(() => told.some((change) => change.userId === id), 'told again', 2000)
    expect(told.every((change) => change.kind === 'deactivated' || change.kind === 'deleted')).toBe(true)
  })

  test('hard deletion leaves no row anywhere; audit keeps the id alone', async () => {
    const { id } = await world.users.create(HUB, { username: 'erased-eve' })
    await world.keys.create(id, { name: 'k' })
    const { run } = world.opened.database
    await run(null, (m) => m.query(`CREATE TABLE audit_all PARTITION OF audit DEFAULT`))
    const sql = [
      `INSERT INTO external_accounts (provider, subject, user_id) VALUES ('github', '77', $1)`,
      `INSERT INTO user_variables VALUES ($1, 'USER_A', '\\x00', 'k', gen_random_uuid(), now())`,
      `INSERT INTO personal_groups (user_id, name, servers, active, updated_at) VALUES ($1, 'g', '{}', true, now())`,
      `INSERT INTO mcp_sessions (id, user_id, revision, endpoint, opened_at, last_seen_at) VALUES ('s', $1, 'r', '/mcp', now(), now())`,
      `INSERT INTO discoveries (server, user_id, config_hash, body, discovered_at) VALUES ('x', $1, 'h', '{}', now())`,
      `INSERT INTO audit (at, id, request_id, user_id, kind, action, target, outcome, duration_ms)
        VALUES (now(), gen_random_uuid(), 'r', $1::text, 'admin', 'POST /api/admin/users', 'erased-eve role=member', 'ok', 1)`,
    ]
    for (const text of sql) await run(null, (m) => m.query(text, [id]))
    await world.users.erase(HUB, id)
    const tables: { name: string }[] = await run(null, (m) =>
      m.query(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'audit%'`),
    )
    for (const { name } of tables) {
      const rows: { text: string }[] = await run(null, (m) => m.query(`SELECT t::text AS text FROM ${name} t`))
      const left = rows.filter((row) => row.text.includes(id) || row.text.includes('erased-eve'))
      // the change log names the id until it is pruned: other replicas must hear of the deletion
      expect(left.length === 0 || name === 'changes').toBe(true)
    }
    const audit: { text: string }[] = await run(null, (m) => m.query(`SELECT t::text AS text FROM audit t`))
    expect(audit).toHaveLength(1)
    expect(audit[0]!.text).toContain(`${id} role=member`)
    expect(audit[0]!.text).not.toContain('erased-eve')
  })
})
