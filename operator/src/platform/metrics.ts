// Prometheus text of what controllers count, by controller-runtime's names, and of the process. Written by hand: a few counters, gauges and
// one set of buckets are less code than a library's use of them. No label names a person, a sandbox or a server.
import type { ControllerMetrics, ReflectorMetrics, Resource } from '@mcphub/kube'

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

type Labels = Readonly<Record<string, string>>
type Kind = 'counter' | 'gauge' | 'histogram'

interface Durations {
  /** one more than buckets: what is longer than the last */
  readonly counts: number[]
  sum: number
}

const HELP: Readonly<Record<string, readonly [Kind, string]>> = {
  controller_runtime_reconcile_total: ['counter', 'Reconciles by result.'],
  controller_runtime_reconcile_errors_total: ['counter', 'Reconciles that failed.'],
  controller_runtime_terminal_reconcile_errors_total: ['counter', 'Reconciles that failed and are not tried again.'],
  controller_runtime_reconcile_time_seconds: ['histogram', 'Duration of a reconcile.'],
  controller_runtime_max_concurrent_reconciles: ['gauge', 'Workers of a controller.'],
  controller_runtime_active_workers: ['gauge', 'Workers that reconcile now.'],
  workqueue_adds_total: ['counter', 'Keys added to a queue.'],
  workqueue_retries_total: ['counter', 'Keys that came back after a failure.'],
  workqueue_depth: ['gauge', 'Keys that wait.'],
  workqueue_queue_duration_seconds: ['histogram', 'How long keys waited.'],
  workqueue_work_duration_seconds: ['histogram', 'How long keys were worked on.'],
  mcphub_sandbox_start_reaction_seconds: [
    'histogram',
    'From the news that a sandbox is to run until the write that gives it a pod has its socket and goes.',
  ],
  reflector_lists_total: ['counter', 'Whole lists read.'],
  reflector_watches_total: ['counter', 'Watches opened.'],
  reflector_faults_total: ['counter', 'Lists and watches that failed.'],
  leader_election_master_status: ['gauge', '1 while this replica leads.'],
  process_resident_memory_bytes: ['gauge', 'Memory of the process.'],
  process_cpu_seconds_total: ['counter', 'CPU time of the process.'],
}

export interface OperatorMetrics extends ControllerMetrics, ReflectorMetrics {
  setLeading(leads: boolean): void
  /** `mcphub_sandbox_start_reaction_seconds` */
  observeStart(seconds: number): void
  /** what a scrape gets */
  render(): string
}

export function createMetrics(): OperatorMetrics {
  const numbers = new Map<string, Map<string, number>>()
  const durations = new Map<string, Map<string, Durations>>()
  const add = (name: string, labels: Labels, amount: number): void => {
    const cells = cellsOf(numbers, name)
    const key = labelText(labels)
    cells.set(key, (cells.get(key) ?? 0) + amount)
  }
  const put = (name: string, labels: Labels, value: number): void =>
    void cellsOf(numbers, name).set(labelText(labels), value)
  const kindOf = ({ plural }: Resource): Labels => ({ resource: plural })
  put('leader_election_master_status', {}, 0)
  function observe(name: string, controller: string, seconds: number): void {
    const cells = cellsOf(durations, name)
    const key = labelText(controllerLabel(name, controller))
    const cell = cells.get(key) ?? { counts: Array.from({ length: BUCKETS.length + 1 }, () => 0), sum: 0 }
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound)
    cell.counts[bucket < 0 ? BUCKETS.length : bucket]!++
    cell.sum += seconds
    cells.set(key, cell)
  }

  return {
    count: (name, controller, result) =>
      add(name, { ...controllerLabel(name, controller), ...(result === undefined ? {} : { result }) }, 1),
    set: (name, controller, value) => put(name, controllerLabel(name, controller), value),
    observe,
    observeStart: (seconds) => observe('mcphub_sandbox_start_reaction_seconds', 'mcp-sandbox', seconds),
    list: (resource) => add('reflector_lists_total', kindOf(resource), 1),
    watch: (resource) => add('reflector_watches_total', kindOf(resource), 1),
    fault: (resource) => add('reflector_faults_total', kindOf(resource), 1),
    setLeading: (leads) => put('leader_election_master_status', {}, leads ? 1 : 0),
    render() {
      const { user, system } = process.cpuUsage()
      put('process_resident_memory_bytes', {}, process.memoryUsage.rss())
      put('process_cpu_seconds_total', {}, (user + system) / 1e6)
      const plain = [...numbers].flatMap(([name, cells]) => [
        ...headOf(name),
        ...[...cells].map(([labels, value]) => `${name}${labels && `{${labels}}`} ${value}`),
      ])
      const timed = [...durations].flatMap(([name, cells]) => [
        ...headOf(name),
        ...[...cells].flatMap(([labels, cell]) => presentDurations(name, labels, cell)),
      ])
      return `${[...plain, ...timed].join('\n')}\n`
    },
  }
}

/** Queues are named by `name`, controllers by `controller`, as in controller-runtime. */
const controllerLabel = (metric: string, controller: string): Labels =>
  metric.startsWith('workqueue_') ? { name: controller } : { controller }

function cellsOf<T>(table: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const cells = table.get(name) ?? new Map<string, T>()
  table.set(name, cells)
  return cells
}

const labelText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')

function headOf(name: string): string[] {
  const [kind, help] = HELP[name]!
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`]
}

function presentDurations(name: string, labels: string, { counts, sum }: Durations): string[] {
  let total = 0
  const buckets = counts.map(
    (count, at) => `${name}_bucket{${labels},le="${BUCKETS[at] ?? '+Inf'}"} ${(total += count)}`,
  )
  return [...buckets, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${total}`]
}
