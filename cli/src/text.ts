// Text for people: tables, times, sizes. What came from elsewhere is shown without control characters, so it cannot drive the terminal. Pure.

const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
/** As CONTROLS, but for line break and tab. */
const CONTROLS_IN_LOGS = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu
const ESC = String.fromCharCode(27)
/** Terminal sequences as a whole: `ESC [ … letter`, `ESC ] … BEL`, `ESC` and one character. */
const ESCAPES = new RegExp(String.raw`${ESC}(?:\[[0-?]*[ -/]*[@-~]|\][^\p{Cc}]*(?:\x07|${ESC}\\)?|.)`, 'gsu')

export function clean(text: string): string {
  return text.replace(ESCAPES, '').replace(CONTROLS, ' ')
}

export function cleanLog(text: string): string {
  return text.replace(ESCAPES, '').replace(CONTROLS_IN_LOGS, '')
}

/** East Asian wide and emoji take two columns, combining marks none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u
const NO_WIDTH = /\p{Mn}/u

export function width(text: string): number {
  let columns = 0
  for (const character of text) columns += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return columns
}

export type Cell = string | number | boolean | null | undefined

function show(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-'
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return clean(String(cell))
}

/** Aligned columns, two spaces apart; an empty list says so instead. */
export function table(headers: readonly string[], rows: readonly (readonly Cell[])[], empty = 'Nothing here.'): string {
  if (rows.length === 0) return empty
  const lines = [headers, ...rows.map((row) => row.map(show))]
  const widths = headers.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))))
  const pad = (text: string, column: number): string => text + ' '.repeat(widths[column]! - width(text))
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n')
}

/** `name: value` lines, aligned; what is not known or not set is left out. */
export function facts(pairs: readonly (readonly [string, Cell])[]): string {
  const known = pairs.filter(([, value]) => show(value) !== '-')
  const longest = Math.max(...known.map(([name]) => width(name)))
  return known.map(([name, value]) => `${name}:${' '.repeat(longest - width(name) + 1)}${show(value)}`).join('\n')
}

export function ago(time: string | null, now = Date.now()): string {
  if (time === null) return 'never'
  const seconds = Math.round((now - Date.parse(time)) / 1000)
  const [size, unit] = scale(Math.abs(seconds))
  const span = `${Math.floor(Math.abs(seconds) / size)}${unit}`
  return seconds < 0 ? `in ${span}` : `${span} ago`
}

function scale(seconds: number): readonly [number, string] {
  if (seconds < 60) return [1, 's']
  if (seconds < 3600) return [60, 'min']
  return seconds < 172_800 ? [3600, 'h'] : [86_400, 'd']
}

export function bytes(count: number | null): string | null {
  if (count === null) return null
  return count < 1024 * 1024 ? `${Math.ceil(count / 1024)} KiB` : `${Math.round(count / 1024 / 1024)} MiB`
}

const SPANS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `30d`, `12h`, `90m` from now, or an ISO time; null: neither. */
export function parseExpiry(text: string, now = Date.now()): string | null {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (count && unit) return new Date(now + Number(count) * SPANS[unit]!).toISOString()
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
