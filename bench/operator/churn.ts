// Wake and sleep, again and again, at a steady pace: what one wake costs, whether memory grows, how soon the operator writes.
import { setTimeout as wait } from 'node:timers/promises'
import type { KubeClient } from '@mcphub/kube'
import { showProgress } from '../suite.ts'
import { readWrites, type Write } from './audit.ts'
import type { Metrics, RunningOperator } from './operator-process.ts'
import { wake } from './sandboxes.ts'
import { GATEWAY, MINUTES, NAP_MS, OPERATOR, RATE, RESTLESS } from './settings.ts'

const WARM_MS = 60_000

export interface Churn {
  readonly wakes: number
  readonly cpuMs: number
  /** minute → bytes that are left after a collection */
  readonly heap: readonly number[]
  readonly mostRss: number
  readonly writes: readonly Write[]
  readonly before: Metrics
  readonly after: Metrics
  /** wakes that came more than 100 ms after their time: the bench itself was too slow */
  readonly late: number
}

/** A minute that is not counted, so that all has been awake once; then `MINUTES`, with a look at the heap after each. */
export async function runChurn(client: KubeClient, operator: RunningOperator): Promise<Churn> {
  const pace = startPace(client)
  await wait(WARM_MS)
  const rss = watchRss(operator)
  const heap = [await operator.measureHeap()]
  const from = { ms: Date.now(), cpuMs: operator.readCpuMs(), sent: pace.sent(), late: pace.late() }
  const before = await operator.readMetrics()
  for (let minute = 1; minute <= MINUTES; minute++) {
    await wait(60_000)
    if (minute < MINUTES) heap.push(await operator.measureHeap())
    showProgress(`  churn: minute ${minute} of ${MINUTES}, ${pace.sent() - from.sent} wakes`)
  }
  const after = await operator.readMetrics()
  const counted = { wakes: pace.sent() - from.sent, cpuMs: operator.readCpuMs() - from.cpuMs }
  heap.push(await operator.measureHeap())
  const late = pace.late() - from.late
  const toMs = Date.now()
  await pace.stop()
  await wait(NAP_MS)
  return { ...counted, heap, mostRss: rss.stop(), writes: await readWrites(from.ms, toMs), before, after, late }
}

interface Pace {
  sent(): number
  late(): number
  /** @throws the first wake that failed */
  stop(): Promise<void>
}

/** Open loop: a slow answer puts no wake off. */
function startPace(client: KubeClient): Pace {
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
