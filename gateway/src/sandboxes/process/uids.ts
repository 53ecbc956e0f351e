// Which uid belongs to which (user, server) when the hub runs as root. No account is created: they are bare numbers from an unused range.
// Kept in an append-only file, so that a kept work folder still has its owner after a restart; a freed number is taken again last.
import { appendFileSync, readFileSync } from 'node:fs'

export interface UidRange {
  readonly first: number
  readonly count: number
}

/** Above the ranges of systemd (nspawn ends at 1 878 982 655) and below 2³¹; each hub takes a slice of its own. */
const BASE = 1_900_000_000
export const SLICE = 65_536
const SLICES = 1_000
const FALLBACK_COUNT = 4_096

/** The slice of a hub: `seed` is any number derived from its data folder. In a container that maps few uids, the end of what is mapped. */
export function chooseUidRange(seed: number, uidMap: string): UidRange {
  const wanted = { first: BASE + (seed % SLICES) * SLICE, count: SLICE }
  const extents = uidMap
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([inside = 0, , length = 0]) => ({ first: inside, end: inside + length }))
  if (
    uidMap.trim() === '' ||
    extents.some(({ first, end }) => first <= wanted.first && end >= wanted.first + wanted.count)
  )
    return wanted
  const largest = extents.toSorted((a, b) => b.end - b.first - (a.end - a.first))[0]
  const end = Math.min(largest?.end ?? 0, 65_000)
  return { first: Math.max(end - FALLBACK_COUNT, 1), count: Math.min(FALLBACK_COUNT, Math.max(end - 1, 0)) }
}

export interface Uids {
  /** The uid of this pair; the same as long as the pair is not freed. Null: the range is used up. */
  allocate(user: string, server: string): number | null
  free(user: string): void
  /** all uids ever given out and not freed */
  owned(): ReadonlySet<number>
}

const readLines = (path: string): string[] => {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

/** uids of real accounts: never given to a child */
function readAccounts(): ReadonlySet<number> {
  return new Set(readLines('/etc/passwd').map((line) => Number(line.split(':')[2])))
}

const listKeys = (owned: ReadonlyMap<string, number>, user: string): string[] =>
  [...owned.keys()].filter((key) => key.startsWith(`${user} `))

/** Uids a hub has recorded in its file; what a sweep may end. */
export function readOwnedUids(path: string): Map<string, number> {
  const owned = new Map<string, number>()
  for (const line of readLines(path)) {
    const [verb, user, server, uid] = line.split(' ')
    if (verb === '+' && uid !== undefined) owned.set(`${user} ${server}`, Number(uid))
    if (verb === '-') for (const key of listKeys(owned, user ?? '')) owned.delete(key)
  }
  return owned
}

export function openUids(path: string, range: UidRange): Uids {
  const owned = readOwnedUids(path)
  const accounts = readAccounts()
  const taken = new Set(owned.values())
  let next = 0
  for (const line of readLines(path)) {
    const uid = Number(line.split(' ')[3])
    if (uid >= range.first) next = Math.max(next, uid - range.first + 1)
  }
  const take = (): number | null => {
    for (let tries = 0; tries < range.count; tries++) {
      const uid = range.first + (next++ % range.count)
      if (!taken.has(uid) && !accounts.has(uid)) return uid
    }
    return null
  }
  return {
    allocate(user, server) {
      const key = `${user} ${server}`
      const known = owned.get(key)
      if (known !== undefined) return known
      const uid = take()
      if (uid === null) return null
      appendFileSync(path, `+ ${key} ${uid}\n`, { mode: 0o600 })
      owned.set(key, uid)
      taken.add(uid)
      return uid
    },
    free(user) {
      const keys = listKeys(owned, user)
      if (keys.length === 0) return
      appendFileSync(path, `- ${user}\n`, { mode: 0o600 })
      for (const key of keys) {
        taken.delete(owned.get(key)!)
        owned.delete(key)
      }
    },
    owned: () => taken,
  }
}
