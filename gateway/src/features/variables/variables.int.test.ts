// The variables service on both stores: what is kept, shown, refused and handed to servers. Then moved rows, rotation and replicas on PostgreSQL.
import { randomBytes } from 'node:crypto'
import { mcpServerSpec, MASK } from '@mcphub/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { HUB, openFakeWorld, openPgWorld, WORLDS, type PgWorld, type World } from '../../../../test/kit/worlds.ts'
import { deriveServer } from '../../catalog/derive.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { ResolvedVariables } from '../../secrets/variables.ts'
import { checkKeyRing } from './ring-check.ts'

const declare = (name: string, spec: object): CatalogServer =>
  deriveServer({ name, labels: {}, spec: mcpServerSpec.parse(spec) })

const remote = declare('remote', {
  type: 'Remote',
  displayName: 'Remote',
  remote: { url: 'https://example.test/mcp', headers: [{ name: 'Authorization', value: 'Bearer ${USER_TOKEN}' }] },
  userVariables: [{ name: 'USER_TOKEN', label: 'Token', help: 'from your profile', pattern: '[ -~]{4,}' }],
})
const stdio = declare('stdio', {
  type: 'Stdio',
  stdio: {
    package: { npm: { name: 'x', version: '1.0.0' } },
    args: ['--name=${USER_NAME}'],
    env: [
      { name: 'PEM', value: '${USER_PEM}' },
      { name: 'NAME', value: '${USER_NAME}' },
      { name: 'COMPANY', value: '${ORG_TOKEN}' },
      { name: 'MAYBE', value: '${USER_MAYBE}' },
    ],
  },
  userVariables: [
    { name: 'USER_PEM', format: 'Text' },
    { name: 'USER_MAYBE', required: false },
  ],
})
const slow = declare('slow', {
  type: 'Stdio',
  stdio: { package: { npm: { name: 'x', version: '1.0.0' } }, env: [{ name: 'A', value: '${USER_SLOW}' }] },
  userVariables: [{ name: 'USER_SLOW', pattern: '(a+)+' }],
})

function fill(world: World): void {
  for (const server of [remote, stdio, slow]) world.servers.set(server.name, server)
}

const reveal = (resolved: ResolvedVariables): Record<string, string> =>
  Object.fromEntries([...resolved.values].map(([name, secret]) => [name, secret.reveal()]))

const newUser = (() => {
  let count = 0
  return async (world: World): Promise<string> => (await world.users.create(HUB, { username: `user-${++count}` })).id
})()

describe.each(WORLDS)('variables $name', ({ open }) => {
  let world: World
  beforeAll(async () => {
    world = await open()
    fill(world)
  })
  afterAll(() => world.close())

  test('a server gets exactly what its manifest names, required ones are missed by name', async () => {
    const [alice, bob] = [await newUser(world), await newUser(world)]
    await world.variables.set(alice, { USER_TOKEN: 'alice-token', USER_NAME: '김 철수', USER_OTHER: 'unused' })
    await world.variables.setOrg({ ORG_TOKEN: 'company-token' })
    expect(reveal(await world.variables.resolve(alice, remote))).toEqual({ USER_TOKEN: 'alice-token' })
    const both = await world.variables.resolve(alice, stdio)
    expect(reveal(both)).toEqual({ USER_NAME: '김 철수', ORG_TOKEN: 'company-token' })
    expect(both.missing).toEqual(['USER_PEM'])
    expect((await world.variables.resolve(bob, remote)).missing).toEqual(['USER_TOKEN'])
    const nobody = await world.variables.resolve(null, stdio)
    expect(reveal(nobody)).toEqual({ ORG_TOKEN: 'company-token' })
    expect(nobody.missing).toEqual(['USER_NAME', 'USER_PEM'])
    await world.variables.unsetOrg('ORG_TOKEN')
    expect((await world.variables.resolve(alice, stdio)).missing).toContain('ORG_TOKEN')
  })

  test('SEC-9: a hit is synchronous and one object; a new value is there with the next call, under another version', async () => {
    const user = await newUser(world)
    const told: unknown[] = []
    const off = world.variables.onChange((userId, names) => told.push([userId, names]))
    const before = await world.variables.resolve(user, remote)
    expect(world.variables.resolve(user, remote)).toBe(before)
    await world.variables.set(user, { USER_TOKEN: 'first-value' })
    const first = await world.variables.resolve(user, remote)
    expect(world.variables.resolve(user, remote)).toBe(first)
    await world.variables.set(user, { USER_TOKEN: 'second-value' })
    const second = await world.variables.resolve(user, remote)
    expect(reveal(second)).toEqual({ USER_TOKEN: 'second-value' })
    expect(await world.variables.unset(user, 'USER_TOKEN')).toBe(true)
    expect(await world.variables.unset(user, 'USER_TOKEN')).toBe(false)
    const gone = await world.variables.resolve(user, remote)
    expect(gone.missing).toEqual(['USER_TOKEN'])
    expect(new Set([before.version, first.version, second.version]).size).toBe(3)
    expect(told).toEqual(Array.from({ length: 3 }, () => [user, ['USER_TOKEN']]))
    off()
  })

  test('the version tells nothing: the same value set again, or of another user, has another', async () => {
    const [a, b] = [await newUser(world), await newUser(world)]
    const versions = new Set<string>()
    for (const user of [a, b, a]) {
      await world.variables.set(user, { USER_TOKEN: 'same-value-here' })
      versions.add((await world.variables.resolve(user, remote)).version)
    }
    expect(versions.size).toBe(3)
  })

  test('SEC-3: lists show at most four characters, none of short ones, nothing of organisation values', async () => {
    const user = await newUser(world)
    await world.variables.set(user, {
      USER_TOKEN: 'elevenchars',
      USER_NAME: 'twelve-chars',
      USER_PEM: '-----BEGIN-----\nabcd\n-----END-----',
    })
    const list = await world.variables.list(user)
    expect(Object.fromEntries(list.map((info) => [info.name, info.masked]))).toEqual({
      USER_TOKEN: MASK,
      USER_NAME: `${MASK}hars`,
      USER_PEM: MASK,
    })
    expect(list.map((info) => info.usedBy)).toEqual([['stdio'], ['stdio'], ['remote']])
    await world.variables.setOrg({ ORG_TOKEN: 'a-long-company-token' })
    expect((await world.variables.listOrg()).map((info) => info.masked)).toEqual([MASK])
    const templates = JSON.stringify(await world.variables.envTemplates(user))
    for (const part of ['eleven', 'twelve', 'BEGIN', 'company']) expect(templates).not.toContain(part)
  })

  test('SEC-3: the masked text coming back changes nothing; without a value behind it, it is refused', async () => {
    const user = await newUser(world)
    await world.variables.set(user, { USER_TOKEN: 'a-token-of-some-length' })
    const [info] = await world.variables.list(user)
    const saved = await world.variables.set(user, { USER_TOKEN: info!.masked, USER_NAME: 'new-name' })
    expect(saved.map((each) => [each.name, each.changed])).toEqual([
      ['USER_TOKEN', false],
      ['USER_NAME', true],
    ])
    expect(reveal(await world.variables.resolve(user, remote))).toEqual({ USER_TOKEN: 'a-token-of-some-length' })
    const refused = world.variables.set(await newUser(world), { USER_TOKEN: info!.masked })
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_params',
      details: { faults: [{ field: 'USER_TOKEN' }] },
    })
  })

  const canary = 'zq7canary'
  const unusable: readonly [string, Record<string, string>][] = [
    ['CR LF in a header', { USER_TOKEN: `${canary}\r\nX-Evil: 1` }],
    ['LF at the end', { USER_TOKEN: `${canary}\n` }],
    ['NUL', { USER_TOKEN: `${canary}\0` }],
    ['NUL in Text', { USER_PEM: `${canary}\0` }],
    ['leading space', { USER_TOKEN: ` ${canary}` }],
    ['trailing tab', { USER_TOKEN: `${canary}\t` }],
    ['Korean in a header', { USER_TOKEN: `${canary}한글` }],
    ['Latin-1 in a header', { USER_TOKEN: `${canary}é` }],
    ['a line break in an argument', { USER_NAME: `${canary}\nx` }],
    ['a control character in env', { USER_NAME: `${canary}\x1b[31m` }],
    ['a lone surrogate', { USER_NAME: `${canary}\ud800` }],
    ['longer than 8 KiB', { USER_NAME: canary + 'x'.repeat(8192) }],
    ['8 KiB in characters, more in bytes', { USER_NAME: canary + '한'.repeat(3000) }],
    ['empty', { USER_NAME: '' }],
    ['not of the pattern', { USER_TOKEN: 'zq7' }],
    ['a name that is none', { [`PATH_${canary}`]: canary }],
    ['an organisation name', { ORG_TOKEN: canary }],
    ['a prototype name', JSON.parse(`{"__proto__":"${canary}"}`) as Record<string, string>],
  ]
  test.each(unusable)(
    'SEC-5: %s is refused as a whole, the fault names the variable and no value',
    async (_, values) => {
      const user = await newUser(world)
      const thrown: unknown = await world.variables
        .set(user, { USER_MAYBE: 'fine', ...values })
        .catch((error: unknown) => error)
      expect(thrown).toMatchObject({ code: 'invalid_params' })
      expect(JSON.stringify(thrown) + String((thrown as Error).stack)).not.toContain('zq7')
      expect(await world.variables.list(user)).toEqual([])
    },
  )

  const usable: readonly [string, Record<string, string>][] = [
    ['printable ASCII in a header', { USER_TOKEN: '!"#$%&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~ x' }],
    ['Korean and emoji in env and argument', { USER_NAME: '김철수 👩‍💻' }],
    ['line breaks in Text', { USER_PEM: '-----BEGIN KEY-----\r\nabc\n-----END KEY-----\n' }],
    ['SQL', { USER_NAME: `'; DROP TABLE users; --` }],
    ['a reference', { USER_NAME: '${USER_TOKEN}${PATH}' }],
    ['exactly 8 KiB', { USER_NAME: 'x'.repeat(8192) }],
    ['a name nobody asks for yet', { USER_UNKNOWN: 'value' }],
  ]
  test.each(usable)('DAT-5: %s comes back exactly', async (_, values) => {
    const user = await newUser(world)
    await world.variables.set(user, values)
    const asking = declare('asking', {
      type: 'Stdio',
      stdio: {
        package: { npm: { name: 'x', version: '1.0.0' } },
        env: Object.keys(values).map((name) => ({ name: 'A', value: `\${${name}}` })),
      },
    })
    expect(reveal(await world.variables.resolve(user, asking))).toEqual(values)
  })

  test('a pattern that would take for ever ends, and is not tried at once again', async () => {
    const user = await newUser(world)
    await world.variables.set(user, { USER_SLOW: 'aaaa' })
    const start = performance.now()
    for (let i = 0; i < 20; i++)
      await expect(world.variables.set(user, { USER_SLOW: `${'a'.repeat(60)}b` })).rejects.toMatchObject({
        code: 'invalid_params',
      })
    expect(performance.now() - start).toBeLessThan(5000)
  })

  test('templates are computed from the catalogue: a new server shows its fields at once', async () => {
    const user = await newUser(world)
    await world.variables.set(user, { USER_TOKEN: 'token-value' })
    const [first] = await world.variables.envTemplates(user, [remote])
    expect(first).toEqual({
      server: 'remote',
      displayName: 'Remote',
      description: null,
      fields: [
        {
          name: 'USER_TOKEN',
          label: 'Token',
          help: 'from your profile',
          required: true,
          secret: true,
          format: 'Line',
          pattern: '[ -~]{4,}',
          isSet: true,
        },
      ],
    })
    const added = declare('added', {
      type: 'Remote',
      remote: { url: 'https://a.test', headers: [{ name: 'X', value: '${USER_NEW}' }] },
    })
    world.servers.set('added', added)
    const all = await world.variables.envTemplates(user)
    expect(all.find((template) => template.server === 'added')?.fields).toMatchObject([
      { name: 'USER_NEW', isSet: false },
    ])
    world.servers.delete('added')
  })

  test('a user who is gone keeps nothing', async () => {
    const user = await newUser(world)
    await world.users.erase(HUB, user)
    await expect(world.variables.set(user, { USER_TOKEN: 'some-value' })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('their number is limited', async () => {
    const user = await newUser(world)
    for (let batch = 0; batch < 4; batch++)
      await world.variables.set(
        user,
        Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`USER_N${batch}_${i}`, 'v'])),
      )
    await expect(world.variables.set(user, { USER_MORE: 'v' })).rejects.toMatchObject({ code: 'limit_exceeded' })
    await world.variables.set(user, { USER_N0_0: 'again' })
  })
})

test('without a database a known user still resolves, an unknown one is database_unavailable', async () => {
  const world = openFakeWorld()
  fill(world)
  const user = await newUser(world)
  await world.variables.set(user, { USER_TOKEN: 'token-value' })
  const known = await world.variables.resolve(user, remote)
  world.fake.away = true
  expect(world.variables.resolve(user, remote)).toBe(known)
  await expect(world.variables.resolve('somebody', remote)).rejects.toMatchObject({ code: 'database_unavailable' })
})

describe('variables on PostgreSQL alone', () => {
  let world: PgWorld
  beforeAll(async () => {
    world = await openPgWorld()
    fill(world)
    await world.activity.start()
  })
  afterAll(() => world.close())

  const sql = <T>(text: string, values: unknown[] = []): Promise<T[]> =>
    world.opened.database.run(null, (m) => m.query(text, values))

  test('SEC-1: a dump holds no value and nothing of it', async () => {
    const user = await newUser(world)
    const value = randomBytes(24).toString('base64url')
    await world.variables.set(user, { USER_TOKEN: value })
    await world.variables.setOrg({ ORG_TOKEN: value })
    const forms = [
      value,
      Buffer.from(value).toString('base64'),
      encodeURIComponent(value),
      value.slice(0, 8),
      value.slice(-4),
    ]
    for (const { name } of await sql<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    )) {
      const dump = JSON.stringify(await sql(`SELECT * FROM ${name}`), (_, cell: unknown) =>
        Buffer.isBuffer(cell) ? cell.toString('latin1') : cell,
      )
      for (const form of forms) expect(dump).not.toContain(form)
    }
  })

  test('SEC-1: a row moved to another user or name, or changed, does not open: as if not set, and audited', async () => {
    const [alice, mallory] = [await newUser(world), await newUser(world)]
    await world.variables.set(alice, { USER_TOKEN: 'alice-secret-token' })
    await world.variables.set(mallory, { USER_TOKEN: 'mallory-token', USER_NAME: 'mallory-name' })
    const [row] = await sql<{ sealed: Buffer }>(`SELECT sealed FROM user_variables WHERE user_id = $1`, [alice])
    await sql(`UPDATE user_variables SET sealed = $2 WHERE user_id = $1`, [mallory, row!.sealed])
    await sql(`UPDATE change_counter SET value = value + 2`)
    await world.opened.database.changes.look()
    const resolved = await world.variables.resolve(mallory, remote)
    expect(resolved.values.size).toBe(0)
    expect(resolved.missing).toEqual(['USER_TOKEN'])
    expect((await world.variables.list(mallory)).map((info) => info.masked)).toEqual([MASK, MASK])
    await world.activity.flush()
    const { records } = await world.activity.list({ userId: mallory, action: 'variable.open' })
    expect(records).toHaveLength(2)
    expect(new Set(records.map((record) => record.target))).toEqual(new Set(['USER_NAME', 'USER_TOKEN']))
    for (const record of records) expect(record).toMatchObject({ outcome: 'error', code: 'invalid_variable' })
    await world.variables.set(mallory, { USER_TOKEN: 'mallory-again' })
    expect(reveal(await world.variables.resolve(mallory, remote))).toEqual({ USER_TOKEN: 'mallory-again' })
  })

  test('SEC-9: another replica uses a new value within seconds, with the notify channel cut', async () => {
    const other = await world.replica()
    const user = await newUser(world)
    await world.variables.set(user, { USER_TOKEN: 'old-value' })
    expect(reveal(await other.variables.resolve(user, remote))).toEqual({ USER_TOKEN: 'old-value' })
    const told: unknown[] = []
    other.variables.onChange((userId, names) => told.push([userId, names]))
    await world.variables.set(user, { USER_TOKEN: 'new-value' })
    await waitUntil(() => told.length > 0, 'told', 2000)
    expect(told).toEqual([[user, ['USER_TOKEN']]])
    expect(reveal(await other.variables.resolve(user, remote))).toEqual({ USER_TOKEN: 'new-value' })
  })

  test('DAT-3: sealing anew under load: 0 failed reads, no write lost; a crash midway costs only the rest', async () => {
    const [reader, writer] = [await world.replica(), await world.replica()]
    const users = await Promise.all(Array.from({ length: 60 }, () => newUser(world)))
    for (const user of users)
      await world.variables.set(user, { USER_TOKEN: `value-${user}`, USER_NAME: `name-${user}` })
    await world.variables.setOrg({ ORG_TOKEN: 'org-value' })
    const { ring } = world
    const next = { id: 'second', key: randomBytes(32) }
    ring.keys = [next, ...ring.keys]
    ring.current = next
    let done = false
    let reads = 0
    // every value ends with its user's id, so the mask of a list shows whether it opened
    const load = async (): Promise<void> => {
      while (!done) {
        const user = users[reads++ % users.length]!
        const infos = await reader.variables.list(user)
        expect(infos.map((info) => info.masked)).toEqual([MASK + user.slice(-4), MASK + user.slice(-4)])
      }
    }
    const writes = async (): Promise<void> => {
      for (const user of users.slice(0, 20)) await writer.variables.set(user, { USER_TOKEN: `fresh-${user}` })
    }
    // the first run is cut short after its first batch, as a crash would
    const cut = new AbortController()
    const { store, seen } = interruptAfter(1, cut)
    await expect(store(cut.signal)).rejects.toThrow()
    expect(seen()).toBeGreaterThan(0)
    const loads = [load(), load()]
    const [result] = await Promise.all([world.variables.reseal(), writes()])
    done = true
    await Promise.all(loads)
    expect(result.failed).toBe(await countUnopenable())
    const again = await world.variables.reseal()
    expect(again.resealed).toBe(0)
    ring.keys = [next]
    for (const [i, user] of users.entries()) {
      world.opened.database.changes.deliver('variables', null)
      const value = reveal(await world.variables.resolve(user, remote))['USER_TOKEN']
      expect(value).toBe(i < 20 ? `fresh-${user}` : `value-${user}`)
    }
    expect(reads).toBeGreaterThan(10)

    function interruptAfter(rows: number, controller: AbortController) {
      let count = 0
      const original = world.variablesStore.replaceSealed
      const run = async (signal: AbortSignal): Promise<unknown> => {
        world.variablesStore.replaceSealed = async (...parameters) => {
          if (count++ >= rows) controller.abort(new Error('crash'))
          signal.throwIfAborted()
          return original(...parameters)
        }
        try {
          return await world.variables.reseal(signal)
        } finally {
          world.variablesStore.replaceSealed = original
        }
      }
      return { store: run, seen: () => count }
    }

    async function countUnopenable(): Promise<number> {
      const rows = await world.variablesStore.listNotUnder(next.id, { skip: 0, limit: 1000 })
      return rows.length
    }
  }, 60_000)

  test('DAT-3: a wrong ring at boot refuses to start, the right one starts, also after a rotation', async () => {
    const own = await openPgWorld()
    const { ring, settings } = own
    const deps = { ring, settings, store: own.variablesStore }
    await checkKeyRing(deps)
    await checkKeyRing(deps)
    const wrong = { id: ring.current.id, key: randomBytes(32) }
    const other = { id: 'other', key: randomBytes(32) }
    for (const key of [wrong, other]) {
      const wrongRing = { current: key, find: (id: string) => (id === key.id ? key : null) }
      await expect(checkKeyRing({ ...deps, ring: wrongRing })).rejects.toThrow(
        /does not belong to this database.*backup/,
      )
    }
    const user = (await own.users.create(HUB, { username: 'sealed' })).id
    await own.variables.set(user, { USER_TOKEN: 'token-value' })
    ring.keys = [other, ...ring.keys]
    ring.current = other
    await checkKeyRing(deps)
    // a ring that lost the old key while values still need it
    ring.keys = [other]
    await expect(checkKeyRing(deps)).rejects.toThrow(/lacks first/)
    await own.close()
  })
})
