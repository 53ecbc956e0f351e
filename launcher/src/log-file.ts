// A log file that a child appends to by itself, so that it outlives the launcher, kept from growing without end.
import { copyFileSync, openSync, statSync, truncateSync } from 'node:fs'

const LIMIT_BYTES = 16 * 1024 * 1024

/** Opened for appending: whoever holds it goes on at the new end after the file was cut. */
export function openLog(file: string): number {
  return openSync(file, 'a', 0o600)
}

/** Copies a file that is too long to `<file>.1` and cuts it; lines written between the two steps are lost, the process is not disturbed. */
export function rotateLog(file: string, limit = LIMIT_BYTES): boolean {
  try {
    if (statSync(file).size <= limit) return false
    copyFileSync(file, `${file}.1`)
    truncateSync(file)
    return true
  } catch {
    // no log yet, or a full disk: not worth ending the hub for
    return false
  }
}
