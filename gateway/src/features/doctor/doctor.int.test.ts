import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HUB, type PgWorld, openPgWorld } from '../../../../test/kit/worlds.ts'
import { type DoctorSources, createFactGatherer } from './gather-facts.ts'
import { createPgDoctorStore } from './pg-doctor-store.ts'
import { runChecks } from './run-checks.ts'

let world: PgWorld
let folder: string

beforeAll(async () => {
  world = await openPgWorld()
  folder = mkdtempSync(join(tmpdir(), 'mcphub-doctor-'))
  chmodSync(folder, 0o700)
  writeFileSync(join(folder, 'keyring.json'), '[]', { mode: 0o600 })
})
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true })
})

const sources = (change: Partial<DoctorSources> = {}): DoctorSources => ({
  mode: 'local',
  store: createPgDoctorStore(world.opened.database),
  catalog: { snapshot: () => ({ revision: 1, servers: new Map(), groups: new Map(), faults: [] }) },
  packages: { state: () => ({ state: 'Absent' }) },
  sandboxes: { list: () => [], separation: { kind: 'Uid', message: 'own accounts' } },
  upstreams: { health: () => [] },
  activity: { counts: () => ({ queued: 0, written: 0, lost: 0 }) },
  keyRing: { file: join(folder, 'keyring.json'), keyIds: () => ['k1'] },
  dataDir: folder,
  npmrc: null,
  listening: () => ({ hosts: ['127.0.0.1'], wanted: ['127.0.0.1'], port: 3000 }),
  demoKeyActive: async () => false,
  ...{ publicUrl: null, consoleDir: null, checkProviders: async () => [] },
  ...change,
})

async function failing(change: Partial<DoctorSources> = {}): Promise<string[]> {
  const gatherer = createFactGatherer(sources(change))
  try {
    const hostile = new Set(['open-files', 'memory', 'event-loop', 'disk-space'])
    return runChecks(await gatherer.gather())
      .filter((item) => !item.ok && !hostile.has(item.id))
      .map((item) => item.id)
  } finally {
    gatherer.stop()
  }
}

describe('facts of the real database and host', () => {
  test('a new hub lacks only its administrator; with one it is well', async () => {
    expect(await failing()).toEqual(['administrator'])
    await world.users.create(HUB, { username: 'root', role: 'admin' })
    expect(await failing()).toEqual([])
  })

  test('version, clock and round trip are real numbers', async () => {
    const facts = await sources().store.read()
    expect(Number.parseInt(facts.version, 10)).toBeGreaterThanOrEqual(15)
    expect(Math.abs(facts.clockSkewMs)).toBeLessThan(1000)
    expect(facts.roundTripMs).toBeGreaterThan(0)
    expect(facts.sealingKeyIds).toEqual([])
  })

  test('a value sealed by a key the ring lacks, an unknown migration and a removed one are seen', async () => {
    const user = await world.users.create(HUB, { username: 'alice' })
    await world.opened.database.run(null, async (manager) => {
      await manager.query(
        `INSERT INTO user_variables (user_id, name, sealed, key_id, version, updated_at)
         VALUES ($1, 'USER_X', '\\x00', 'lost', gen_random_uuid(), now())`,
        [user.id],
      )
    })
    expect(await failing()).toEqual(['key-ring-matches'])
    expect(await failing({ keyRing: { file: join(folder, 'keyring.json'), keyIds: () => ['lost'] } })).toEqual([])
    await world.opened.database.run(null, async (manager) => {
      await manager.query('DELETE FROM user_variables')
      await manager.query(`INSERT INTO migrations (timestamp, name) VALUES (1, 'FromTheFuture1')`)
    })
    expect(await failing()).toEqual(['database-migrated'])
    await world.opened.database.run(null, async (manager) => {
      await manager.query('DELETE FROM migrations')
    })
    expect(await failing()).toEqual(['database-migrated'])
  })

  test('files open to others, missing ones and a dead database are seen; nothing throws', async () => {
    const loose = join(folder, 'loose.json')
    writeFileSync(loose, '[]')
    chmodSync(loose, 0o644)
    const store = { read: () => Promise.reject(new Error('postgres://hub:pw@h')) }
    const keyRing = { file: loose, keyIds: () => [] }
    expect(await failing({ store, keyRing, npmrc: loose })).toEqual([
      'database-reachable',
      'key-ring-private',
      'npm-registry',
    ])
    expect(await failing({ store, dataDir: join(folder, 'none'), npmrc: join(folder, 'none') })).toEqual([
      'database-reachable',
      'data-folder',
      'npm-registry',
    ])
  })
})
