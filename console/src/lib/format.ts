// Numbers, times and sizes as the chosen language writes them.
import type { Language } from './i18n/words.ts'

export interface Format {
  number(value: number): string
  /** date and time to the minute */
  time(at: string | number): string
  date(at: string | number): string
  /** "5 minutes ago" */
  relative(at: string | number, now?: number): string
  /** "2 hours", for a span that still runs or once ran */
  duration(ms: number): string
  bytes(count: number): string
  list(items: readonly string[]): string
}

const SECOND = 1000
const UNITS = [
  ['day', 24 * 60 * 60 * SECOND],
  ['hour', 60 * 60 * SECOND],
  ['minute', 60 * SECOND],
  ['second', SECOND],
] as const
const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** The largest unit that fits at least once. */
function inUnit(ms: number): readonly [count: number, unit: (typeof UNITS)[number][0]] {
  const [unit, length] = UNITS.find(([, one]) => Math.abs(ms) >= one) ?? UNITS.at(-1)!
  return [Math.trunc(ms / length), unit]
}

export function createFormat(language: Language): Format {
  const number = new Intl.NumberFormat(language)
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' })
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  const list = new Intl.ListFormat(language)
  const measure = (count: number, unit: string, unitDisplay: 'long' | 'short') =>
    new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay, maximumFractionDigits: 1 }).format(count)
  return {
    number: (value) => number.format(value),
    time: (at) => time.format(new Date(at)),
    date: (at) => date.format(new Date(at)),
    relative: (at, now = Date.now()) => relative.format(...inUnit(new Date(at).getTime() - now)),
    duration: (ms) => measure(...inUnit(ms), 'long'),
    bytes: (count) => {
      const step = count < 1000 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(count) / 3))
      return measure(count / 1000 ** step, SIZES[step]!, 'short')
    },
    list: (items) => list.format(items),
  }
}
