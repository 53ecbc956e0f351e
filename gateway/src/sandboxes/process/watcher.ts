// Looks at all living children once a second: memory of whole trees, idle and life time; ends what has reached a limit.
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { SandboxLimits } from './config.ts'
import { parseMemory } from './memory-quantity.ts'
import type { Memory } from './process-table.ts'
import { findTree } from './process-tree.ts'
import type { Host } from './running-child.ts'
import type { Life } from './slot.ts'
import { judge, type LifeLimits, type Verdict } from './watch.ts'

export interface WatchInput {
  readonly host: Host
  readonly everyMs: number
  readonly lives: () => readonly Life[]
  readonly retire: (life: Life) => void
}

/** The manifest's own limits over the hub's. */
export function readLifeLimits(server: CatalogServer, limits: SandboxLimits): LifeLimits {
  const stdio = server.spec.stdio
  const ms = (seconds: number | undefined): number | null => (seconds === undefined ? null : seconds * 1000)
  return {
    idleMs: ms(stdio?.idleTimeoutSeconds) ?? limits.idleMs,
    lifetimeMs: ms(stdio?.maxLifetimeSeconds),
    firstAnswerMs: ms(stdio?.startupTimeoutSeconds) ?? limits.firstAnswerMs,
    memoryBytes: parseMemory(stdio?.resources.memory ?? '') ?? limits.memoryBytes,
    drainMs: limits.drainMs,
  }
}

/** What a tree takes: what each process has for itself, and once what they share. */
export function sumMemory(parts: readonly (Memory | null)[]): number {
  const found = parts.filter((part) => part !== null)
  return found.reduce((sum, part) => sum + part.own, 0) + Math.max(0, ...found.map((part) => part.shared))
}

function sampleMemory(host: Host, lives: readonly Life[]): void {
  const entries = host.table.list(100)
  for (const { running } of lives) {
    const tree = findTree(entries, running.roots)
    running.memoryBytes = sumMemory(tree.map((entry) => host.table.readMemory(entry.pid)))
  }
}

function execute(life: Life, verdict: Verdict, retire: (life: Life) => void): void {
  const { child } = life.running
  if (verdict.kind === 'memory' || verdict.kind === 'lifetime') child.fail(verdict.kind, verdict.message)
  else if (verdict.kind === 'silent') child.giveUp(verdict.message)
  else if (verdict.kind === 'retire') retire(life)
  else void child.end(verdict.kind === 'idle' ? 'idle' : 'replaced')
}

function lookOnce({ host, lives, retire }: WatchInput): void {
  const living = lives().filter((life) => !life.running.child.gone)
  if (living.length === 0) return
  sampleMemory(host, living)
  for (const life of living) {
    const { child, startedAt, memoryBytes } = life.running
    const { lastActiveAt, askedAt, answered, held } = child
    const facts = {
      now: host.now(),
      startedAt,
      lastActiveAt,
      askedAt,
      answered,
      held,
      retiredAt: life.retiredAt,
      memoryBytes,
    }
    const verdict = judge(facts, life.limits)
    if (verdict !== null) execute(life, verdict, retire)
  }
}

/** One look in so many times its own cost: a child with hundreds of processes must not keep the hub busy. */
const SHARE_OF_TIME = 20

/** Returns the function that ends the watch. */
export function watchLives(input: WatchInput): () => void {
  let timer: NodeJS.Timeout
  const plan = (delayMs: number): void => {
    timer = setTimeout(look, delayMs)
    timer.unref()
  }
  const look = (): void => {
    const began = performance.now()
    try {
      lookOnce(input)
    } catch (fault) {
      const name = fault instanceof Error ? fault.name : 'unknown'
      input.host.log.error({ fault: name }, 'the watch over the sandboxes failed once')
    }
    plan(Math.max(input.everyMs, (performance.now() - began) * SHARE_OF_TIME))
  }
  plan(input.everyMs)
  return () => clearTimeout(timer)
}
