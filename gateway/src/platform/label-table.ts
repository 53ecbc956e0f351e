// A metric's label combinations, each with a cell of its own: found by a look-up per label, without making a key or an object per call. No more
// of them than the bounds allow; a value beyond its bound is `other`, so that a hostile client cannot grow the registry.

/** The values a label may take: a fixed list, or the first `most` different ones. */
export type LabelBound = readonly string[] | { readonly most: number }
export type Bounds = Readonly<Record<string, LabelBound>>
export type Labels<B extends Bounds> = { readonly [name in keyof B]: string }

const PERSONAL_LABEL = /user|key|session|email|login|token/i
const OTHER = 'other'

export function checkLabelName(metric: string, label: string): void {
  if (PERSONAL_LABEL.test(label)) throw new Error(`metric ${metric}: a label may not name a person, key or session`)
}

export interface Cell<T> {
  readonly labels: Readonly<Record<string, string>>
  readonly value: T
}

interface Rule {
  readonly name: string
  readonly seen: Set<string>
  readonly most: number
}

type Branch<T> = Map<string, Branch<T> | Cell<T>>

export class LabelTable<B extends Bounds, T> {
  readonly cells: Cell<T>[] = []
  readonly #rules: readonly Rule[]
  readonly #root: Branch<T> = new Map()
  readonly #make: () => T

  constructor(metric: string, bounds: B, make: () => T) {
    this.#make = make
    this.#rules = Object.entries(bounds).map(([name, bound]) => {
      checkLabelName(metric, name)
      return 'most' in bound
        ? { name, seen: new Set<string>(), most: bound.most }
        : { name, seen: new Set<string>(bound), most: 0 }
    })
  }

  find(labels: Labels<B>): T {
    let at: Branch<T> | Cell<T> = this.#root
    for (const { name } of this.#rules) {
      const next: Branch<T> | Cell<T> | undefined = (at as Branch<T>).get(labels[name]!)
      if (next === undefined) return this.#add(labels)
      at = next
    }
    return (at as Cell<T>).value
  }

  /** A combination that is new, or has a value beyond its bound: such a value never becomes a branch. */
  #add(labels: Labels<B>): T {
    const bound: Record<string, string> = {}
    for (const rule of this.#rules) bound[rule.name] = bindValue(rule, labels[rule.name]!)
    const path = Object.values(bound)
    const last = path.pop() ?? ''
    let at = this.#root
    for (const value of path) {
      const next = (at.get(value) ?? new Map()) as Branch<T>
      at.set(value, next)
      at = next
    }
    const cell = (at.get(last) ?? this.#addCell(bound)) as Cell<T>
    at.set(last, cell)
    return cell.value
  }

  #addCell(labels: Record<string, string>): Cell<T> {
    const cell = { labels, value: this.#make() }
    this.cells.push(cell)
    return cell
  }
}

function bindValue(rule: Rule, value: string): string {
  if (!rule.seen.has(value) && rule.seen.size < rule.most) rule.seen.add(value)
  return rule.seen.has(value) ? value : OTHER
}
