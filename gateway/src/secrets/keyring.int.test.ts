import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../../../test/kit/wait-until.ts'
import { openKeyRing } from './keyring.ts'
import { openValue, sealValue } from './seal.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcphub-ring-'))
  file = path.join(folder, 'keyring.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const place = { owner: 'alice', name: 'USER_A' }

test('made once, private, and read again', () => {
  const ring = openKeyRing(file)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(openKeyRing(file).current.id).toBe(ring.current.id)
  expect(readdirSync(folder)).toEqual(['keyring.json'])
  expect(() => openKeyRing(path.join(folder, 'no'), { create: false })).toThrow(/cannot be read/)
})

test('of many programs that start at once one makes the ring', async () => {
  const module = path.join(import.meta.dirname, 'keyring.ts')
  const code = `import { openKeyRing } from ${JSON.stringify(module)}; console.log(openKeyRing(${JSON.stringify(file)}).current.id)`
  const ids = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
      await once(child, 'close')
      return text.trim()
    }),
  )
  expect(new Set(ids).size).toBe(1)
  expect(ids[0]).toMatch(/^[0-9a-f]{12}$/)
  expect(readdirSync(folder)).toEqual(['keyring.json'])
})

test('a ring others may read, or that is broken, is refused and never overwritten; the text says the fix and no key', () => {
  openKeyRing(file)
  const key = (JSON.parse(readFileSync(file, 'utf8')) as { key: string }[])[0]!.key
  for (const mode of [0o644, 0o604, 0o620, 0o666]) {
    chmodSync(file, mode)
    expect(() => openKeyRing(file)).toThrow(/chmod 600/)
  }
  chmodSync(file, 0o600)
  for (const text of [
    '',
    '[]',
    '{',
    `[{"id":"a","key":"${key.slice(4)}"}]`,
    `[{"id":"a","key":"${key}"},{"id":"a","key":"${key}"}]`,
  ]) {
    writeFileSync(file, text)
    try {
      openKeyRing(file)
      expect.unreachable()
    } catch (thrown) {
      expect((thrown as Error).message).toContain('cannot be used')
      expect((thrown as Error).message + String((thrown as Error).cause)).not.toContain(key.slice(4, 20))
    }
    expect(readFileSync(file, 'utf8')).toBe(text)
  }
})

test('DAT-3: rotation: another replica can open with the new key before anything is sealed with it', async () => {
  const [one, two] = [openKeyRing(file), openKeyRing(file)]
  two.start()
  const before = one.current.id
  const old = sealValue(one, place, 'value')
  let changes = 0
  two.onChange(() => changes++)
  const rotated = one.rotate({ settleMs: 2500 })
  await waitUntil(() => two.keys.length === 2, 'the other replica reads the new key')
  expect(two.current.id).toBe(before)
  expect(one.current.id).toBe(before)
  const fresh = await rotated
  expect(fresh.id).not.toBe(before)
  expect(openValue(two, place, sealValue(one, place, 'new'))).toBe('new')
  await waitUntil(() => two.current.id === fresh.id, 'the other replica seals with it too')
  expect(openValue(two, place, old)).toBe('value')
  expect(changes).toBe(2)
  two.stop()
  one.prune()
  expect(one.keys).toHaveLength(1)
  expect(() => openValue(one, place, old)).toThrow('unknown_key')
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a key that another program added is found without waiting', async () => {
  const [one, two] = [openKeyRing(file), openKeyRing(file)]
  await one.rotate({ settleMs: 0 })
  expect(openValue(two, place, sealValue(one, place, 'value'))).toBe('value')
})

test('derived keys: stable, one per key of the ring, separate by purpose, current first after a rotation', async () => {
  const ring = openKeyRing(file)
  const [first] = ring.derive('sessions')
  expect(openKeyRing(file).derive('sessions')[0]!.equals(first!)).toBe(true)
  expect(ring.derive('sandboxes')[0]!.equals(first!)).toBe(false)
  expect(first!.equals(ring.current.key)).toBe(false)
  await ring.rotate({ settleMs: 0 })
  const after = ring.derive('sessions')
  expect(after).toHaveLength(2)
  expect(after[1]!.equals(first!)).toBe(true)
})

test('a ring that vanishes or breaks while running leaves the keys in memory', () => {
  const ring = openKeyRing(file)
  const { id } = ring.current
  writeFileSync(file, 'broken')
  expect(ring.refresh()).toBe(false)
  rmSync(file)
  expect(ring.refresh()).toBe(false)
  expect(ring.current.id).toBe(id)
  expect(existsSync(file)).toBe(false)
})
