import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { makeDataDir } from '../../../../test/kit/hostile-sandboxes.ts'
import { findByEnvironment, isAlive } from '../../../../test/kit/processes.ts'
import { prepareFolders, sandboxPaths } from './folders.ts'
import { createProcessTable } from './process-table.ts'
import { MARK_VARIABLE } from './process-tree.ts'
import { readRecords, writeRecord } from './records.ts'
import { sweepOrphans } from './sweep.ts'
import { openUids } from './uids.ts'

const HUB = new URL('../../../../test/kit/hostile-hub.ts', import.meta.url).pathname
const started: ChildProcess[] = []
const folders: string[] = []

const makeFolder = (): string => {
  const dataDir = makeDataDir()
  folders.push(dataDir)
  return dataDir
}
const startStranger = (env: NodeJS.ProcessEnv = {}): number => {
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { env, stdio: 'ignore' })
  started.push(stranger)
  return stranger.pid ?? -1
}
/** Pids of everything owned by a uid in the hub's list: also what wiped its environment. */
const findOwned = (uids: ReadonlySet<number>): number[] =>
  createProcessTable()
    .list()
    .filter((entry) => uids.has(entry.uid))
    .map((entry) => entry.pid)

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

test('after a hub was killed nothing of its children is left: not the stubborn grandchild, not one without a mark', async () => {
  const dataDir = makeFolder()
  const hub = spawn(process.execPath, [HUB, dataDir, 'killed-hub'], { stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(hub)
  const [line] = (await once(createInterface({ input: hub.stdout }), 'line')) as [string]
  const { pid, incarnation } = JSON.parse(line) as { pid: number; incarnation: string }
  const paths = sandboxPaths(dataDir)
  const uids = new Set(readRecords(paths.run).flatMap((record) => (record.uid === null ? [] : [record.uid])))
  hub.kill('SIGKILL')
  await once(hub, 'exit')
  expect(findByEnvironment(`:${incarnation}`).length).toBeGreaterThan(1)

  const other = startStranger({ [MARK_VARIABLE]: 'other-hub:abc' })
  const swept = await sweepOrphans({ hubMark: 'killed-hub', dataDir })

  expect(swept.left).toBe(0)
  expect(swept.killed).toBeGreaterThanOrEqual(3)
  expect(findByEnvironment(`:${incarnation}`)).toEqual([])
  expect(findOwned(uids)).toEqual([])
  expect([isAlive(pid), isAlive(other)]).toEqual([false, true])
  expect(readRecords(paths.run)).toEqual([])
  expect(readdirSync(paths.temp)).toEqual([])
  expect((await sweepOrphans({ hubMark: 'killed-hub', dataDir })).killed).toBe(0)
})

test.runIf(process.getuid?.() === 0)(
  'a forged mark saves no process of a uid of ours; the mark of a hub that lives does',
  async () => {
    const dataDir = makeFolder()
    const paths = sandboxPaths(dataDir)
    prepareFolders(paths)
    const uid = openUids(paths.uids, { first: 1_990_000_000, count: 2 }).allocate('user', 'server') ?? -1
    const start = (env: NodeJS.ProcessEnv, as: object = {}): number => {
      const child = spawn('/bin/sleep', ['60'], { env, stdio: 'ignore', ...as })
      started.push(child)
      return child.pid ?? -1
    }
    const child = { uid, gid: uid }
    const forged = start({ [MARK_VARIABLE]: 'feedface:abc', MCPHUB_HUB_MARK: 'feedface' }, child)
    start({ MCPHUB_HUB_MARK: 'cafecafe' })
    const others = start({ [MARK_VARIABLE]: 'cafecafe:abc' }, child)
    await sweepOrphans({ hubMark: 'a-hub', dataDir })
    expect([forged, others].map(isAlive)).toEqual([false, true])
  },
)

test('a stranger on a recycled pid lives', async () => {
  const dataDir = makeFolder()
  const paths = sandboxPaths(dataDir)
  prepareFolders(paths)
  const { bootId, find } = createProcessTable()
  const base = { hubMark: 'a-hub', uid: null }
  const [laterBoot, laterProcess, otherHubs] = [startStranger(), startStranger(), startStranger()]
  const startTime = (pid: number): string => find(pid)?.startTime ?? ''
  writeRecord(paths.run, {
    ...base,
    incarnation: 'one',
    pid: laterBoot,
    startTime: startTime(laterBoot),
    bootId: 'earlier',
  })
  writeRecord(paths.run, { ...base, incarnation: 'two', pid: laterProcess, startTime: '1', bootId })
  writeRecord(paths.run, {
    ...base,
    hubMark: 'b-hub',
    incarnation: 'three',
    pid: otherHubs,
    startTime: startTime(otherHubs),
    bootId,
  })

  expect(await sweepOrphans({ hubMark: 'a-hub', dataDir })).toEqual({ killed: 0, left: 0 })
  expect([laterBoot, laterProcess, otherHubs].map(isAlive)).toEqual([true, true, true])
  expect(readRecords(paths.run).map((record) => record.hubMark)).toEqual(['b-hub'])
})

test('a folder that was never used is swept without a fault', async () => {
  expect(await sweepOrphans({ hubMark: 'a-hub', dataDir: '/nowhere/at/all' })).toEqual({ killed: 0, left: 0 })
})
