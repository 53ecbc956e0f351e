// What runs on this machine, as the tests must see it: by pid and by the mark in the environment.
import { readdirSync, readFileSync } from 'node:fs'

/** A zombie is not alive: it holds nothing but its number. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Living processes whose environment holds the text. */
export function findByEnvironment(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text) && isAlive(pid)
      } catch {
        return false
      }
    })
}
