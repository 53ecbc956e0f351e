// Looks a text up and fills it in. Plural forms by the language's own rules, numbers as the language writes them.
import type { Language } from './words.ts'

export type Dictionary = Readonly<Record<string, string>>
/** Lists are written as the language writes them: "a, b and c". */
export type Params = Readonly<Record<string, string | number | readonly string[]>>
export type Text<Key extends string = string> = (key: Key, params?: Params) => string

const PLACEHOLDER = /\{(\w+)\}/g

/** `count` among the parameters chooses the plural form. An unknown key is shown as it is: better than nothing, and a test finds it. */
export function createText(language: Language, words: Dictionary): Text {
  const { plural, number, list } = formatsOf(language)
  const find = (key: string, count: unknown): string =>
    (typeof count === 'number' ? (words[`${key}_${plural().select(count)}`] ?? words[`${key}_other`]) : undefined) ??
    words[key] ??
    key
  return (key, params = {}) =>
    find(key, params['count']).replace(PLACEHOLDER, (whole, name: string) => {
      const value = Object.hasOwn(params, name) ? params[name] : undefined
      if (value === undefined) return whole
      if (typeof value === 'number') return number().format(value)
      return typeof value === 'string' ? value : list().format(value)
    })
}

/** Made when they are first needed: a slow machine takes tens of milliseconds for each, and most texts need none. */
const formatsOf = (language: Language) => ({
  plural: once(() => new Intl.PluralRules(language)),
  number: once(() => new Intl.NumberFormat(language)),
  list: once(() => new Intl.ListFormat(language)),
})

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
