// DAT-3 as an administrator does it: the ring file rotates while two replicas read and write; afterwards a start with the old ring refuses.
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { mcpServerSpec, MASK } from '@mcphub/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type OpenTestDatabase } from '../../../../test/kit/database.ts'
import { deriveServer } from '../../catalog/derive.ts'
import type { Database } from '../../db/database.ts'
import { openKeyRing, type KeyRing } from '../../secrets/keyring.ts'
import { createPgSettingsStore } from '../settings/pg-settings-store.ts'
import { createPgVariablesStore } from './pg-variables-store.ts'
import { adoptKeyRing, checkKeyRing, rotateKeyRing } from './ring-check.ts'
import { createVariablesService, type VariablesService } from './variables-service.ts'

const server = deriveServer({
  name: 'remote',
  labels: {},
  spec: mcpServerSpec.parse({
    type: 'Remote',
    remote: { url: 'https://example.test/mcp', headers: [{ name: 'X', value: '${USER_TOKEN}' }] },
  }),
})

let folder: string
let opened: OpenTestDatabase
let users: string[]

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcphub-rotation-'))
  opened = await openTestDatabase()
  const rows: { id: string }[] = await opened.database.run(null, (m) =>
    m.query(
      `INSERT INTO users (username, role) SELECT 'user-' || n, 'member' FROM generate_series(1, 40) n RETURNING id`,
    ),
  )
  users = rows.map((row) => row.id)
})
afterAll(async () => {
  await opened.close()
  rmSync(folder, { recursive: true, force: true })
})

function build(database: Database, ring: KeyRing): VariablesService {
  return createVariablesService({
    store: createPgVariablesStore(database),
    transactor: database,
    changes: database.changes,
    ring,
    catalog: {
      snapshot: () => ({ revision: 1, servers: new Map([['remote', server]]), groups: new Map(), faults: [] }),
    },
  })
}

test('DAT-3: a rotation under load: no failed read on either replica, all values under the new key, the old ring refused', async () => {
  const file = path.join(folder, 'keyring.json')
  const rings = [openKeyRing(file), openKeyRing(file)]
  for (const ring of rings) ring.start()
  const databases = [opened.database, await opened.replica({ listen: false })]
  const [one, two] = databases.map((database, i) => build(database, rings[i]!)) as [VariablesService, VariablesService]
  const settings = createPgSettingsStore(opened.database)
  const store = createPgVariablesStore(opened.database)
  await checkKeyRing({ ring: rings[0]!, settings, store })
  for (const user of users) await one.set(user, { USER_TOKEN: `value-${user}` })
  copyFileSync(file, `${file}.before`)

  let done = false
  let reads = 0
  let writes = 0
  const read = async (service: VariablesService): Promise<void> => {
    while (!done) {
      const user = users[reads++ % users.length]!
      expect((await service.list(user)).map((info) => info.masked)).toEqual([MASK + user.slice(-4)])
    }
  }
  const write = async (service: VariablesService): Promise<void> => {
    while (!done) {
      const user = users[writes++ % users.length]!
      await service.set(user, { USER_TOKEN: `again-${writes}-${user}` })
    }
  }
  const load = Promise.all([read(one), read(two), write(two)])
  const { keyId } = await rotateKeyRing({ ring: rings[0]!, settings, variables: one }, { settleMs: 2500 })
  done = true
  await load
  expect(reads).toBeGreaterThan(100)
  expect(writes).toBeGreaterThan(20)

  // what the other replica wrote before it knew the new key is taken up by the next pass
  await one.reseal()
  expect(await store.keyIds()).toEqual([keyId])
  rings[0]!.prune()
  for (const user of users) {
    const { values, missing } = await one.resolve(user, server)
    expect(missing).toEqual([])
    expect(values.get('USER_TOKEN')!.reveal()).toContain(user)
  }
  for (const ring of rings) ring.stop()

  await checkKeyRing({ ring: openKeyRing(file), settings, store })
  const before = openKeyRing(`${file}.before`, { create: false })
  await expect(checkKeyRing({ ring: before, settings, store })).rejects.toThrow(/does not belong to this database/)
}, 60_000)

test('a mounted ring: a new first key is taken over once it is there, and asked for in words until then; the file is not written', async () => {
  const file = path.join(folder, 'mounted.json')
  copyFileSync(path.join(folder, 'keyring.json'), file)
  const ring = openKeyRing(file, { create: false })
  const settings = createPgSettingsStore(opened.database)
  const store = createPgVariablesStore(opened.database)
  const deps = { ring, settings, variables: build(opened.database, ring) }
  await expect(adoptKeyRing(deps)).rejects.toThrow(/mounted Secret .* in use already.*Put a new key first/)
  const fresh = { id: 'fresh', key: randomBytes(32).toString('base64') }
  const text = JSON.stringify([fresh, ...(JSON.parse(readFileSync(file, 'utf8')) as object[])])
  writeFileSync(file, text)
  expect(await adoptKeyRing(deps)).toMatchObject({ keyId: 'fresh', resealed: expect.any(Number) as number })
  expect(await store.keyIds()).toEqual(['fresh'])
  expect(readFileSync(file, 'utf8')).toBe(text)
  // the old key may go now
  writeFileSync(file, JSON.stringify([fresh]))
  await checkKeyRing({ ring: openKeyRing(file, { create: false }), settings, store })
})
