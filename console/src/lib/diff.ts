// Two texts line by line: what stayed, what went, what came. The shortest list of changes (Myers, 1986), as long as it is short; beyond that
// the whole middle is told as gone and come, so that a hostile text costs no more than a long one.

export interface DiffLine {
  readonly kind: 'same' | 'gone' | 'come'
  readonly text: string
  /** from 1, in the text it stands in; of the newer one where it stands in both */
  readonly number: number
}

const MOST_CHANGES = 300

export function diffLines(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < Math.min(a.length, b.length) - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const same = (from: number, to: number): DiffLine[] =>
    b.slice(from, to).map((text, at) => ({ kind: 'same', text, number: from + at + 1 }))
  const middle = diffMiddle(a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  return [
    ...same(0, head),
    ...middle.map((line) => ({ ...line, number: line.number + head })),
    ...same(b.length - tail, b.length),
  ]
}

/** trace[d][k]: how far one comes in `a` on diagonal k with d changes. */
function diffMiddle(a: readonly string[], b: readonly string[]): DiffLine[] {
  const trace: Map<number, number>[] = []
  let far = new Map<number, number>([[1, 0]])
  for (let changes = 0; changes <= Math.min(a.length + b.length, MOST_CHANGES); changes++) {
    trace.push(far)
    far = new Map(far)
    for (let k = -changes; k <= changes; k += 2) {
      let x = stepDown(far, k, changes) ? far.get(k + 1)! : far.get(k - 1)! + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++
      far.set(k, x)
      if (x >= a.length && x - k >= b.length) return walkBack(a, b, trace)
    }
  }
  return [...a.map(line('gone')), ...b.map(line('come'))]
}

const line =
  (kind: DiffLine['kind']) =>
  (text: string, at: number): DiffLine => ({ kind, text, number: at + 1 })

const stepDown = (far: ReadonlyMap<number, number>, k: number, changes: number): boolean =>
  k === -changes || (k !== changes && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1))

function walkBack(
  a: readonly string[],
  b: readonly string[],
  trace: readonly ReadonlyMap<number, number>[],
): DiffLine[] {
  const found: DiffLine[] = []
  let [x, y] = [a.length, b.length]
  for (let changes = trace.length - 1; changes >= 0; changes--) {
    const k = x - y
    const from = stepDown(trace[changes]!, k, changes) ? k + 1 : k - 1
    const fromX = trace[changes]!.get(from)!
    const fromY = fromX - from
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      found.push(line('same')(b[y - 1]!, y - 1))
      x--
      y--
    }
    if (changes > 0) found.push(from > k ? line('come')(b[fromY]!, fromY) : line('gone')(a[fromX]!, fromX))
    x = fromX
    y = fromY
  }
  return found.reverse()
}
