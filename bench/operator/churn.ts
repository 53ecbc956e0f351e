// Wake and sleep, again and again, at a steady pace: what one wake costs, whether memory grows, how soon the operator writes.
import { setTimeout as wait } from 'node:timers/promises'
import type { KubeClient } from '@mcphub/kube'
import { showProgress } from '../suite.ts'
import { readWrites, type Write } from './audit.ts'
import type { Heap, Metrics, RunningOperator } from './operator-process.ts'
import { wake } from './sandboxes.ts'
import { GATEWAY, MINUTES, NAP_MS, OPERATOR, RATE, RESTLESS } from './settings.ts'

/** until all has been awake and slept several times, and V8 has compiled what it will compile: that lies in the heap, too */
const WARM_MS = 240_000
/** after a look at the heap, whose forced collections stop the operator: for what came meanwhile to be answered */
const CALM_MS = 2000

/** What was counted in one minute, without the look at the heap after it. */
export interface Minute {
  readonly wakes: number
  readonly late: number
  readonly cpuMs: number
  /** for a core */
  readonly waitedMs: number
  readonly before: Metrics
  readonly after: Metrics
}

export interface Churn {
  readonly minutes: readonly Minute[]
  /** minute → what is left after a collection */
  readonly heap: readonly Heap[]
  readonly mostRss: number
  readonly writes: readonly Write[]
}

/** Four minutes that are not counted; then `MINUTES`, with a look at the heap after each, which no figure of time has in it. */
export async function runChurn(client: KubeClient, operator: RunningOperator): Promise<Churn> {
  const pace = startPace(client)
  await wait(WARM_MS)
  const rss = watchRss(operator)
  const heap = [await operator.measureHeap()]
  const fromMs = Date.now()
  const minutes: Minute[] = []
  for (let minute = 1; minute <= MINUTES; minute++) {
    await wait(CALM_MS)
    minutes.push(await countMinute(pace, operator))
    const held = await operator.measureHeap()
    heap.push(held)
    const mib = (held.objects / 1024 ** 2).toFixed(1)
    showProgress(`  churn: minute ${minute} of ${MINUTES}, ${pace.sent()} wakes, ${mib} MiB of objects`)
  }
  const toMs = Date.now()
  await pace.stop()
  await wait(NAP_MS)
  return { minutes, heap, mostRss: rss.stop(), writes: await readWrites(fromMs, toMs) }
}

export async function countMinute(pace: Pace, operator: RunningOperator): Promise<Minute> {
  const before = await operator.readMetrics()
  const from = count(pace, operator)
  await wait(60_000)
  const to = count(pace, operator)
  const after = await operator.readMetrics()
  return {
    wakes: to.wakes - from.wakes,
    late: to.late - from.late,
    cpuMs: to.cpuMs - from.cpuMs,
    waitedMs: to.waitedMs - from.waitedMs,
    before,
    after,
  }
}

const count = (pace: Pace, operator: RunningOperator): Omit<Minute, 'before' | 'after'> => ({
  wakes: pace.sent(),
  late: pace.late(),
  cpuMs: operator.readCpuMs(),
  waitedMs: operator.readWaitedMs(),
})

export interface Pace {
  sent(): number
  /** wakes that came more than 100 ms after their time: the bench itself was too slow */
  late(): number
  /** @throws the first wake that failed */
  stop(): Promise<void>
}

/** Open loop: a slow answer puts no wake off. */
export function startPace(client: KubeClient): Pace {
  const began = performance.now()
  const sending = new Set<Promise<void>>()
  let sent = 0
  let late = 0
  let failure: Error | null = null
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * RATE)
    if (due - sent > RATE / 10) late += due - sent
    for (; sent < due; sent++) {
      const sending1: Promise<void> = wake(client, sent % RESTLESS, Date.now() + NAP_MS)
        .catch((error: Error) => void (failure ??= error))
        .finally(() => sending.delete(sending1))
      sending.add(sending1)
    }
  }, 5)
  return {
    sent: () => sent,
    late: () => late,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(sending)
      if (failure) throw failure
    },
  }
}

function watchRss(operator: RunningOperator): { stop(): number } {
  let most = 0
  const timer = setInterval(() => (most = Math.max(most, operator.readMemory().rss)), 1000)
  return {
    stop: () => {
      clearInterval(timer)
      return most
    },
  }
}

// --- what the writes tell ----------------------------------------------------------------------------------------------------------

export interface WakeFigures {
  /** ms from the moment the wake was answered to the moment the operator's write came in, for each wake */
  readonly latencies: readonly number[]
  /** the same from the moment the wake itself came in */
  readonly fromStart: readonly number[]
  readonly perWake: number
  readonly perSleep: number
  /** of the operator, neither of a pod nor of a sandbox: counts on the server, events */
  readonly others: number
  readonly refused: number
}

/** Wakes whose sleep falls into the window as well. */
export function readWakes(writes: readonly Write[]): WakeFigures {
  const bySandbox = Map.groupBy(
    writes.filter(({ resource }) => /^(mcpsandboxes|pods)/.test(resource)),
    sandboxOf,
  )
  const latencies: number[] = []
  const fromStart: number[] = []
  const counts = { wakes: 0, waking: 0, sleeping: 0 }
  for (const own of bySandbox.values()) {
    const starts = own.flatMap((write, at) => (write.user === GATEWAY ? [at] : []))
    starts.forEach((from, turn) => {
      const cycle = own.slice(from, starts[turn + 1] ?? own.length)
      const [start] = cycle
      const first = cycle.find(
        ({ user, verb, resource }) => user === OPERATOR && verb === 'create' && resource === 'pods',
      )
      if (!start || !first) return
      latencies.push(Math.max(0, first.cameMs - start.answeredMs))
      fromStart.push(first.cameMs - start.cameMs)
      // the last cycle of a sandbox may be cut off by the window's end
      if (starts[turn + 1] === undefined) return
      const awake = cycle.filter(({ cameMs }) => cameMs < start.cameMs + NAP_MS)
      counts.wakes++
      counts.waking += awake.length
      counts.sleeping += cycle.length - awake.length
    })
  }
  const operators = writes.filter(({ user, resource }) => user === OPERATOR && resource !== 'leases')
  return {
    latencies,
    fromStart,
    perWake: counts.waking / counts.wakes,
    perSleep: counts.sleeping / counts.wakes,
    others: operators.filter(({ resource }) => !/^(mcpsandboxes|pods)/.test(resource)).length,
    refused: operators.filter(({ code }) => code >= 400).length,
  }
}

/** A pod's name is its sandbox's and a number. */
const sandboxOf = ({ resource, name }: Write): string => (resource === 'pods' ? name.replace(/-\d+$/, '') : name)
