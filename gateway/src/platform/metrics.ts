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
      const table = new LabelTable(name, bounds)
      new Counter({
        name,
        help,
        labelNames: Object.keys(bounds),
        registers,
        collect() {
          for (const cell of table.cells) {
            this.inc(cell.labels, cell.amount)
            cell.amount = 0
          }
        },
      })
      return {
        // counted here and told at a scrape: prom-client would hash the labels again for every one
        add: (labels, amount = 1) => void (table.find(labels).amount += amount),
      }
    },
    histogram(name, help, bounds) {
      const table = new LabelTable(name, bounds)
      const labelNames = Object.keys(bounds)
      const histogram = new Histogram({ name, help, labelNames, buckets: DURATION_BUCKETS, registers })
      return { observe: (labels, seconds) => histogram.observe(table.find(labels).labels, seconds) }
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

interface Cell {
  readonly labels: Record<string, string>
  /** not told to the registry yet */
  amount: number
}

interface Rule {
  readonly name: string
  readonly seen: Set<string>
  readonly most: number
}

type Branch = Map<string, Branch | Cell>

/** One cell for each combination of labels that occurs, found by a look-up per label; no more than the bounds allow. */
class LabelTable<B extends Bounds> {
  readonly cells: Cell[] = []
  readonly #rules: readonly Rule[]
  readonly #root: Branch = new Map()

  constructor(metric: string, bounds: B) {
    this.#rules = Object.entries(bounds).map(([name, bound]) => {
      checkLabelName(metric, name)
      const isListed = Array.isArray(bound)
      return {
        name,
        seen: new Set<string>(isListed ? bound : []),
        most: isListed ? 0 : (bound as { most: number }).most,
      }
    })
  }

  find(labels: Labels<B>): Cell {
    let at: Branch | Cell = this.#root
    for (const { name } of this.#rules) {
      const next: Branch | Cell | undefined = (at as Branch).get(labels[name]!)
      if (next === undefined) return this.#add(labels)
      at = next
    }
    return at as Cell
  }

  /** A combination that is new, or has a value beyond its bound: such a value never becomes a branch. */
  #add(labels: Labels<B>): Cell {
    const bound: Record<string, string> = {}
    let at = this.#root
    const last = this.#rules.length - 1
    for (const [index, rule] of this.#rules.entries()) {
      const value = bindValue(rule, labels[rule.name]!)
      bound[rule.name] = value
      const next = at.get(value) ?? (index === last ? this.#addCell(bound) : new Map())
      at.set(value, next)
      if (index === last) return next as Cell
      at = next as Branch
    }
    throw new Error('a metric without labels has no table')
  }

  #addCell(labels: Record<string, string>): Cell {
    const cell = { labels, amount: 0 }
    this.cells.push(cell)
    return cell
  }
}

function bindValue(rule: Rule, value: string): string {
  if (!rule.seen.has(value) && rule.seen.size < rule.most) rule.seen.add(value)
  return rule.seen.has(value) ? value : OTHER
}
