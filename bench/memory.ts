// How much memory a process holds: its live heap by the probe inside it, its resident and proportional memory by /proc.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Held } from './probe.ts'

export interface Probe {
  /** for the process that is to be measured */
  readonly env: Readonly<Record<string, string>>
  /** @throws Error when the process does not answer */
  ask(pid: number): Promise<Held>
  remove(): void
}

const ANSWER_MS = 20_000
const PROBE = new URL('./probe.ts', import.meta.url).href

export function createProbe(): Probe {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-probe-'))
  const file = join(folder, 'held.json')
  return {
    env: { NODE_OPTIONS: `--import ${PROBE}`, BENCH_PROBE: file },
    async ask(pid) {
      rmSync(file, { force: true })
      process.kill(pid, 'SIGUSR2')
      for (const end = performance.now() + ANSWER_MS; !existsSync(file); await wait(20)) {
        if (performance.now() > end) throw new Error(`process ${pid} does not say what it holds`)
      }
      return JSON.parse(readFileSync(file, 'utf8')) as Held
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const KIB = 1024

/** Resident memory of one process, in bytes. */
export function readRss(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return Number(found?.[1] ?? Number.NaN) * KIB
}

/** Proportional memory of one process: what it shares is divided by those who share it. In bytes. */
export function readPss(pid: number): number {
  const found = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))
  return Number(found?.[1] ?? Number.NaN) * KIB
}

export const toKib = (bytes: number): string => (bytes / KIB).toFixed(Math.abs(bytes) < 100 * KIB ? 2 : 0)
export const toMib = (bytes: number): string => (bytes / KIB / KIB).toFixed(2)
