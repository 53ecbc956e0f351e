// One small file per running child, written when it starts and removed when its whole tree is gone: what a sweep after the hub's death reads.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ChildRecord {
  readonly incarnation: string
  readonly hubMark: string
  readonly bootId: string
  readonly pid: number
  readonly startTime: string
  readonly uid: number | null
}

const recordPath = (run: string, incarnation: string): string => join(run, `${incarnation}.json`)

export function writeRecord(run: string, record: ChildRecord): void {
  writeFileSync(recordPath(run, record.incarnation), JSON.stringify(record), { mode: 0o600 })
}

/** Describes a private root; needed only while it is built. */
export const tablePath = (run: string, incarnation: string): string => join(run, `${incarnation}.mounts`)

export function removeRecord(run: string, incarnation: string): void {
  rmSync(tablePath(run, incarnation), { force: true })
  rmSync(recordPath(run, incarnation), { force: true })
}

function isRecord(value: unknown): value is ChildRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Partial<Record<keyof ChildRecord, unknown>>
  return (
    typeof record.incarnation === 'string' &&
    typeof record.hubMark === 'string' &&
    typeof record.bootId === 'string' &&
    typeof record.startTime === 'string' &&
    Number.isInteger(record.pid)
  )
}

/** What is readable; a half-written record is skipped: the mark in the environment finds that child. */
export function readRecords(run: string): ChildRecord[] {
  let names: string[]
  try {
    names = readdirSync(run).filter((name) => name.endsWith('.json'))
  } catch {
    return []
  }
  return names.flatMap((name) => {
    try {
      const value: unknown = JSON.parse(readFileSync(join(run, name), 'utf8'))
      return isRecord(value) ? [value] : []
    } catch {
      return []
    }
  })
}
