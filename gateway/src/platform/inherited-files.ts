// Files that whoever started this process left open in it: every child would get them too, hostile ones included.
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** octal, as /proc shows it; what Node opens, and what it found at the lowest numbers, has it */
const CLOSE_ON_EXEC = 0o2000000

/** To be called before anything else is opened. Where there is no /proc it does nothing. */
export function closeInheritedFiles(): void {
  for (const fd of listNumbers()) {
    try {
      // V8 opens it without the flag and goes on writing into whatever takes its number: with --perf-basic-prof that was the database's socket
      if (readlinkSync(`/proc/self/fd/${fd}`).endsWith(`/perf-${process.pid}.map`)) continue
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
      if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) closeSync(fd)
    } catch {
      // the one that the listing itself had open
    }
  }
}

function listNumbers(): number[] {
  try {
    return readdirSync('/proc/self/fd')
      .map(Number)
      .filter((fd) => fd > 2)
  } catch {
    return []
  }
}
