// Numbers, times and sizes in the language that was chosen: const format = useFormat(); format.time(key.createdAt). One for all who ask: what
// writes numbers and times is dear to make, and a list has hundreds of rows.
import { createFormat, type Format } from './format.ts'
import { useLanguage } from './i18n/use-text.ts'
import type { Language } from './i18n/words.ts'

const made = new Map<Language, Format>()

export function useFormat(): Format {
  const language = useLanguage()
  const known = made.get(language) ?? createFormat(language)
  made.set(language, known)
  return known
}
