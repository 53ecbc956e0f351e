// What a suite is: a name, what it does, the bars it is held to, and a run that says what was reached. Also how both are written down.

/** From the table of figures the project has set itself. */
export interface Bar {
  readonly what: string
  readonly limit: number
  readonly is: 'at most' | 'at least'
}

export interface Outcome {
  /** lines of Markdown */
  readonly table: readonly string[]
  /** by `what` of each bar */
  readonly reached: Readonly<Record<string, number>>
}

export interface Suite {
  readonly name: string
  readonly about: string
  readonly bars: readonly Bar[]
  run(): Promise<Outcome>
}

export const atMost = (what: string, limit: number): Bar => ({ what, limit, is: 'at most' })
export const atLeast = (what: string, limit: number): Bar => ({ what, limit, is: 'at least' })

/** 1.2345 → 1.23; whole numbers as they are */
export const formatFigure = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 100 ? 2 : 0)

/** @throws Error for a bar of which the run says nothing: an unmeasured bar is not a met one */
export function presentBar({ what, limit, is }: Bar, reached: Outcome['reached']): string {
  const value = reached[what]
  if (value === undefined || Number.isNaN(value)) throw new Error(`nothing was measured for "${what}"`)
  const missedBy = is === 'at most' ? value - limit : limit - value
  const verdict = missedBy <= 0 ? '**met**' : `**missed by ${formatFigure(missedBy)}**`
  return `- bar: ${what} ${is === 'at most' ? '≤' : '≥'} ${limit} → ${formatFigure(value)}: ${verdict}`
}

export function presentSuite({ name, about, bars }: Suite, outcome: Outcome): string {
  const verdicts = bars.map((bar) => presentBar(bar, outcome.reached))
  const below = verdicts.length === 0 ? ['No bar of its own.'] : verdicts
  return [`## ${name}`, '', `${about}.`, '', ...outcome.table, '', ...below, ''].join('\n')
}

export function presentTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)]
}

export const showProgress = (text: string): void => void process.stderr.write(`${text}\n`)
