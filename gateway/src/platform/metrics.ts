// Prometheus metrics: one registry, and helpers that keep labels bounded. A label never names a user, key or session;
// a value outside a label's bound is counted as `other`, so that a hostile client cannot grow the registry.
import { Counter, Gauge, Registry, collectDefaultMetrics, type Metric } from 'prom-client'
import { LabelTable, checkLabelName, type Bounds, type Cell, type Labels } from './label-table.ts'

const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

export interface BoundCounter<B extends Bounds> {
  add(labels: Labels<B>, amount?: number): void
}
export interface BoundHistogram<B extends Bounds> {
  observe(labels: Labels<B>, seconds: number): void
}

export interface Metrics {
  counter<const B extends Bounds>(name: string, help: string, bounds: B): BoundCounter<B>
  histogram<const B extends Bounds>(name: string, help: string, bounds: B): BoundHistogram<B>
  /** `read` is asked at every scrape; one value, or one per value of a single label. */
  gauge(name: string, help: string, read: () => number): void
  gaugeBy(name: string, help: string, label: string, read: () => Iterable<readonly [string, number]>): void
  /** The text a scrape answers with. */
  render(): Promise<string>
  readonly contentType: string
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    counter(name, help, bounds) {
      const table = new LabelTable(name, bounds, () => ({ amount: 0 }))
      new Counter({
        name,
        help,
        labelNames: Object.keys(bounds),
        registers,
        collect() {
          for (const cell of table.cells) {
            this.inc(cell.labels, cell.value.amount)
            cell.value.amount = 0
          }
        },
      })
      return {
        // counted here and told at a scrape: prom-client would hash the labels again for every one
        add: (labels, amount = 1) => void (table.find(labels).amount += amount),
      }
    },
    histogram(name, help, bounds) {
      const table = new LabelTable(name, bounds, () => new Durations())
      // prom-client's own histogram takes some 2 µs for each value; it renders anything that looks like one
      const metric = {
        name,
        get: async () => ({ name, help, type: 'histogram', values: presentAll(name, table.cells) }),
      }
      registry.registerMetric(metric as unknown as Metric)
      return { observe: (labels, seconds) => table.find(labels).add(seconds) }
    },
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    },
    gaugeBy(name, help, label, read) {
      checkLabelName(name, label)
      new Gauge({
        name,
        help,
        registers,
        labelNames: [label],
        collect() {
          this.reset()
          for (const [value, amount] of read()) this.set({ [label]: value }, amount)
        },
      })
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

class Durations {
  /** one more than bounds: what is longer than the last */
  readonly counts: number[] = Array.from({ length: DURATION_BUCKETS.length + 1 }, () => 0)
  sum = 0

  add(seconds: number): void {
    let bucket = 0
    while (bucket < DURATION_BUCKETS.length && seconds > DURATION_BUCKETS[bucket]!) bucket++
    this.counts[bucket]!++
    this.sum += seconds
  }
}

interface Sample {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

function presentAll(name: string, cells: readonly Cell<Durations>[]): Sample[] {
  return cells.flatMap(({ labels, value: { counts, sum } }) => {
    let total = 0
    const buckets = counts.map((count, index) => {
      total += count
      return {
        metricName: `${name}_bucket`,
        labels: { le: DURATION_BUCKETS[index] ?? '+Inf', ...labels },
        value: total,
      }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: total },
    ]
  })
}
