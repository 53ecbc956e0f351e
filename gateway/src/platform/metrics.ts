// Prometheus metrics: one registry, and helpers that keep labels bounded. A label never names a user, key or session (ecosystem.md §9);
// a value outside a label's bound is counted as `other`, so that a hostile client cannot grow the registry.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** The values a label may take: a fixed list, or the first `most` different ones. */
export type LabelBound = readonly string[] | { readonly most: number }
type Bounds = Readonly<Record<string, LabelBound>>
type Labels<B extends Bounds> = { readonly [name in keyof B]: string }

const PERSONAL_LABEL = /user|key|session|email|login|token/i
const OTHER = 'other'
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
      const bind = bindLabels(name, bounds)
      const counter = new Counter({ name, help, labelNames: Object.keys(bounds), registers })
      return { add: (labels, amount = 1) => counter.inc(bind(labels), amount) }
    },
    histogram(name, help, bounds) {
      const bind = bindLabels(name, bounds)
      const labelNames = Object.keys(bounds)
      const histogram = new Histogram({ name, help, labelNames, buckets: DURATION_BUCKETS, registers })
      return { observe: (labels, seconds) => histogram.observe(bind(labels), seconds) }
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

function checkLabelName(metric: string, label: string): void {
  if (PERSONAL_LABEL.test(label)) throw new Error(`metric ${metric}: a label may not name a person, key or session`)
}

function bindLabels<B extends Bounds>(metric: string, bounds: B): (labels: Labels<B>) => Record<string, string> {
  const rules = Object.entries(bounds).map(([name, bound]) => {
    checkLabelName(metric, name)
    const isListed = Array.isArray(bound)
    return { name, seen: new Set<string>(isListed ? bound : []), most: isListed ? 0 : (bound as { most: number }).most }
  })
  return (labels) => {
    const bound: Record<string, string> = {}
    for (const rule of rules) {
      const value = labels[rule.name]!
      if (!rule.seen.has(value) && rule.seen.size < rule.most) rule.seen.add(value)
      bound[rule.name] = rule.seen.has(value) ? value : OTHER
    }
    return bound
  }
}
