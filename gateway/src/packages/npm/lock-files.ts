// The kept lock file of each package: made at the first install, never changed after, checked each time it is used.
// Beside it lies its checksum, so that an edit by hand is noticed instead of installed.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

export class LockFault extends Error {
  readonly code: 'ELOCKCHANGED' | 'ENOINTEGRITY' | 'EUSAGE'
  constructor(code: LockFault['code']) {
    super(code)
    this.name = 'LockFault'
    this.code = code
  }
}

interface LockEntry {
  readonly integrity?: unknown
  readonly link?: unknown
}

const checksum = (text: string): string => createHash('sha256').update(text).digest('hex')

function parsePackages(text: string): Readonly<Record<string, LockEntry>> {
  try {
    const lock = JSON.parse(text) as { packages?: Record<string, LockEntry> }
    if (typeof lock.packages === 'object') return lock.packages
  } catch {
    // told below
  }
  throw new LockFault('EUSAGE')
}

/** How many packages the lock names. @throws LockFault when one has no integrity */
export function checkLock(text: string): number {
  const entries = Object.entries(parsePackages(text)).filter(([path]) => path !== '')
  for (const [, entry] of entries) {
    if (entry.link === true || typeof entry.integrity !== 'string' || !entry.integrity.startsWith('sha'))
      throw new LockFault('ENOINTEGRITY')
  }
  return entries.length
}

/** Null: none kept yet. @throws LockFault */
export function readKeptLock(path: string): string | null {
  if (!existsSync(path)) return null
  const text = readFileSync(path, 'utf8')
  const sum = existsSync(`${path}.sha256`) ? readFileSync(`${path}.sha256`, 'utf8').trim() : null
  if (sum !== checksum(text)) throw new LockFault('ELOCKCHANGED')
  return text
}

/** The lock last: a crash between the two leaves a checksum without a lock, which the next install overwrites. */
export function keepLock(path: string, text: string): void {
  writeFileSync(`${path}.sha256`, `${checksum(text)}\n`, { mode: 0o600 })
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
