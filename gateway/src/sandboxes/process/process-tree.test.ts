import { expect, test } from 'vitest'
import { createProcessTable, parseProcEntry, parsePsLine, type ProcessEntry } from './process-table.ts'
import { findTree } from './process-tree.ts'
import { sumMemory } from './watcher.ts'

const entry = (pid: number, ppid: number, startTime = '1'): ProcessEntry => ({
  pid,
  ppid,
  pgid: pid,
  uid: 7,
  startTime,
})
const pids = (entries: readonly ProcessEntry[]): number[] => entries.map(({ pid }) => pid).toSorted((a, b) => a - b)
const nobody = (): boolean => false

test('a tree is its roots, what belongs, and all below', () => {
  const entries = [entry(1, 0), entry(10, 1), entry(11, 10), entry(12, 11), entry(20, 1), entry(21, 20), entry(30, 1)]
  expect(pids(findTree(entries, { known: [{ pid: 10, startTime: '1' }], belongs: ({ pid }) => pid === 20 }))).toEqual([
    10, 11, 12, 20, 21,
  ])
})

test('a recycled pid is not the root it was', () => {
  expect(findTree([entry(10, 1, 'later')], { known: [{ pid: 10, startTime: 'earlier' }], belongs: nobody })).toEqual([])
})

test('a process table with a loop is walked once', () => {
  expect(pids(findTree([entry(5, 6), entry(6, 5)], { known: [{ pid: 5, startTime: '1' }], belongs: nobody }))).toEqual([
    5, 6,
  ])
})

test('a name full of parentheses and digits does not shift the fields', () => {
  const stat = `42 (a) Z 9 (b)) S 7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3`
  expect(parseProcEntry(42, stat, 'Name:\tx\nUid:\t1000\t1000\t1000\t1000\n')).toEqual({
    pid: 42,
    ppid: 7,
    pgid: 8,
    uid: 1000,
    startTime: '98765',
  })
  expect(parseProcEntry(42, stat.replace(') S ', ') Z '), 'Uid:\t0\n')).toBeNull()
})

test('a line of ps is read, zombies are left out', () => {
  const line = ' 501   1   501  1000 Ss   Sat Nov 21 08:00:00 2026'
  expect(parsePsLine(line)).toEqual({ pid: 501, ppid: 1, pgid: 501, uid: 1000, startTime: 'Sat Nov 21 08:00:00 2026' })
  expect(parsePsLine(line.replace('Ss', 'Z '))).toBeNull()
  expect(parsePsLine('')).toBeNull()
})

test.each(['proc', 'ps'] as const)('%s knows this very process', (source) => {
  const table = createProcessTable(source)
  const own = table.find(process.pid)
  expect(own).toMatchObject({ pid: process.pid, ppid: process.ppid, uid: process.getuid?.() })
  expect(table.list().find(({ pid }) => pid === process.pid)).toEqual(own)
  expect(table.readVariable(process.pid, 'PATH')).toBeTruthy()
  expect(sumMemory([table.readMemory(process.pid)])).toBeGreaterThan(10 * 1024 * 1024)
  expect(table.find(2 ** 22 + 1)).toBeNull()
})

test('what processes of one tree share is counted once', () => {
  const one = { own: 10, shared: 100 }
  expect(sumMemory([one, one, null, { own: 5, shared: 120 }])).toBe(145)
  expect(sumMemory([])).toBe(0)
})
