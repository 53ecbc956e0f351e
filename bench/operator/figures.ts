// What was measured, the bars it is held to, and the page both are written on.
import { cpus, totalmem } from 'node:os'
import { atMost, presentBar, presentTable } from '../suite.ts'
import type { Heap } from './operator-process.ts'
import { presentShares, type Reaction } from './reaction.ts'
import { AWAKE, MINUTES, RATE, RESTLESS, SLEEPING } from './settings.ts'

/** Bytes, ms and counts. */
export interface Figures {
  /** the machine's load average before anything was started here */
  readonly load: number
  /** of the operator; -10, or it was not to be had */
  readonly niceness: number
  /** all objects woken as fast as the gateway's client sends */
  readonly burst: { readonly wakesPerSecond: number; readonly rss: number }
  /** of a bare client for the same writes */
  readonly ceilingPerSecond: number
  /** the operator begins anew with all objects there */
  readonly restart: {
    readonly seconds: number
    readonly cpuMs: number
    readonly writes: number
    readonly rss: number
  }
  readonly idle: { readonly seconds: number; readonly writes: number; readonly cpuMs: number }
  readonly churn: {
    readonly wakes: number
    readonly late: number
    readonly cpuMs: number
    /** for a core, its main thread */
    readonly waitedMs: number
    /** after each minute */
    readonly heap: readonly Heap[]
    readonly rss: number
    /** most since the start */
    readonly mostRss: number
    readonly perWake: number
    readonly perSleep: number
    readonly others: number
    readonly refused: number
    readonly latency: Quantiles
    readonly fromStart: Quantiles
    readonly reaction: Reaction
  }
}

export interface Quantiles {
  readonly p50: number
  readonly p99: number
  readonly count: number
}

const MIB = 1024 * 1024
const mib = (bytes: number): number => Math.round((bytes / MIB) * 10) / 10

const BARS = [
  atMost('RSS in MiB, the most in the restart and the churn', 250),
  atMost(
    `heap slope in MiB over ${MINUTES} minutes of churn, what V8 compiles apart (0; a look at it is exact to 0.5)`,
    0.5,
  ),
  atMost('CPU in ms per wake, its sleep included', 10),
  atMost("API writes of the wake itself, the gateway's included", 4),
  atMost('API writes per sleeping sandbox per hour', 0),
  atMost('API writes of the second reconcile of anything', 0),
  atMost(
    `reconcile latency in ms, p99 at ${RATE} wakes a second (event → write at its socket; the bound of a histogram)`,
    50,
  ),
] as const

/** Least squares over the looks at the heap, times the whole time. */
export function slopeOf(heap: readonly number[]): number {
  const middle = (heap.length - 1) / 2
  const mean = heap.reduce((sum, bytes) => sum + bytes, 0) / heap.length
  const over = heap.reduce((sum, bytes, minute) => sum + (minute - middle) * (bytes - mean), 0)
  const below = heap.reduce((sum, _, minute) => sum + (minute - middle) ** 2, 0)
  return (over / below) * (heap.length - 1)
}

export function presentFigures(figures: Figures): string {
  const { burst, ceilingPerSecond, restart, idle, churn } = figures
  const reached = [
    mib(Math.max(restart.rss, churn.mostRss)),
    slopeOf(churn.heap.map(({ objects }) => objects)) / MIB,
    churn.cpuMs / churn.wakes,
    churn.perWake,
    (idle.writes / SLEEPING / idle.seconds) * 3600,
    restart.writes,
    // beyond the last bound, which JSON has no number for
    churn.reaction.p99 ?? Infinity,
  ]
  const verdicts = BARS.map((bar, at) => presentBar(bar, { [bar.what]: reached[at]! }))
  return `${headOf(figures)}
${verdicts.join('\n')}

## What it was

${presentTable(['step', 'figure'], rowsOf(figures)).join('\n')}

Wakes per second: ${burst.wakesPerSecond.toFixed(0)} with the operator, ${ceilingPerSecond.toFixed(0)} by a bare client that sends the same four writes and keeps nothing: ${((burst.wakesPerSecond / ceilingPerSecond) * 100).toFixed(0)} % of
what the API server takes here. The operator's is until all pods are ready, so scheduler and kwok share the machine with it and set the pace; the bare client's is without waiting for them.
`
}

function rowsOf({ burst, restart, idle, churn }: Figures): string[][] {
  const latency = ({ p50, p99, count }: Quantiles): string => `p50 ${p50} ms, p99 ${p99} ms (${count} wakes)`
  return [
    [`${SLEEPING} made asleep, ${AWAKE} woken at once: RSS, the most`, `${mib(burst.rss)} MiB`],
    [
      'the operator starts anew: until it has looked at all',
      `${restart.seconds.toFixed(1)} s, ${(restart.cpuMs / 1000).toFixed(1)} s of CPU`,
    ],
    ['… writes; RSS, the most', `${restart.writes}; ${mib(restart.rss)} MiB`],
    [
      `nothing happens for ${idle.seconds} s: writes; CPU`,
      `${idle.writes}; ${(idle.cpuMs / idle.seconds / 10).toFixed(1)} % of a core`,
    ],
    [`churn of ${RESTLESS} sandboxes: wakes; late ones`, `${churn.wakes}; ${churn.late}`],
    ['… waited for a core, per wake', `${(churn.waitedMs / churn.wakes).toFixed(2)} ms`],
    [
      '… RSS between forced collections; the most since the start',
      `${mib(churn.rss)} MiB; ${mib(Math.max(churn.rss, churn.mostRss))} MiB`,
    ],
    ['… live objects after each minute', `${churn.heap.map(({ objects }) => mib(objects).toFixed(1)).join(' · ')} MiB`],
    ['… V8’s code after each minute', `${churn.heap.map(({ code }) => mib(code).toFixed(1)).join(' · ')} MiB`],
    [
      '… writes per wake, per sleep; others in all; refused',
      `${churn.perWake.toFixed(2)}, ${churn.perSleep.toFixed(2)}; ${churn.others}; ${churn.refused}`,
    ],
    ["… wake answered → the pod's create came in (looks at the heap included)", latency(churn.latency)],
    ["… wake came in → the pod's create came in", latency(churn.fromStart)],
    [
      "… within the operator: a wake's event → the pod's write at its socket, no longer than",
      presentShares(churn.reaction),
    ],
  ]
}

const headOf = ({ load, niceness }: Figures): string => `# Bench of the operator

Written by \`make bench-operator\`. ${SLEEPING} McpSandboxes asleep and ${AWAKE} awake (a pod each, played by kwok) on a real etcd, API server, controller-manager and scheduler that share this machine with the operator and
the bench. The operator is one process as its image runs it, with the chart's own rights, ${placeOf(niceness)}: in a cluster it has none of these neighbours. Writes and times are the API server's audit log, not the operator's word, but for the reconcile latency, which the operator measures from a wake's
event until the pod's write has its socket; beside it stands what the audit log says, the watch and three processes' waiting for two cores included. Writes on the server's counts come by the clock, not by wakes, and are listed apart. Memory is the process' whole RSS, Node itself included; before the first look at the heap no collection is forced, and what is counted in the operator per wake (CPU, waiting for a core, reaction) leaves out the looks, whose collections stop it for a second.
The operator by itself, with a core of its own, without the wait for these neighbours: [RESULTS-OPERATOR-ALONE.md](RESULTS-OPERATOR-ALONE.md).

Machine: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}; load average at the start ${load.toFixed(1)}.
`

const placeOf = (niceness: number): string =>
  niceness < 0
    ? `before all others where cores are short (nice ${niceness})`
    : `NOT before all others where cores are short (nice ${niceness}: a lower one was refused), so that its times have their work in them`
