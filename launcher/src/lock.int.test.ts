// The lock of a data folder: held by a living process alone.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { takeLock } from './lock.ts'
import { isAlive, readBirth, signalProcess, waitUntilGone } from './processes.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcphub-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

const write = (content: unknown): void => writeFileSync(path.join(folder, 'launcher.lock'), JSON.stringify(content))

test('is refused while its holder lives, and free again after the release', () => {
  const lock = takeLock(folder)
  expect(lock.afterKill).toBe(false)
  expect(() => takeLock(folder)).toThrow(`(pid ${process.pid})`)
  lock.release()
  expect(readdirSync(folder)).toEqual([])
  expect(takeLock(folder).afterKill).toBe(false)
})

test('of a killed holder is taken over, also when its pid lives again as another process', () => {
  write({ pid: process.pid, birth: 'of an earlier process' })
  const lock = takeLock(folder)
  expect(lock.afterKill).toBe(true)
  lock.release()
  expect(existsSync(path.join(folder, 'launcher.lock'))).toBe(false)
})

test('that was cut short by a power cut is taken over', () => {
  writeFileSync(path.join(folder, 'launcher.lock'), '{"pid":')
  expect(takeLock(folder).afterKill).toBe(true)
})

test('a process is known by pid and birth, and signalled only as that one', async () => {
  const child = spawn('/bin/sleep', ['30'])
  const pid = child.pid ?? 0
  const id = { pid, birth: readBirth(pid) ?? '' }
  expect(isAlive(id)).toBe(true)
  expect(signalProcess({ pid, birth: 'another' }, 'SIGKILL')).toBe(false)
  expect(isAlive(id)).toBe(true)
  expect(signalProcess(id, 'SIGKILL')).toBe(true)
  expect(await waitUntilGone(id, 5_000)).toBe(true)
})
