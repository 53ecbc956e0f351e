// The words of a part, in the language that was chosen: const t = useText('servers'); t('list.title').
import { use } from 'react'
import { usePrefs } from '../prefs.ts'
import { loadWords } from './load.ts'
import { createText, type Dictionary, type Text } from './text.ts'
import type { Language, Namespace, TextKey } from './words.ts'

/** Suspends until the words are there; a route loads its own beforehand (lib/page-route.ts). */
export function useText<N extends Namespace>(namespace: N): Text<TextKey<N>> {
  const language = useLanguage()
  const words = use(loadWords(language, namespace))
  const known = made.get(words) ?? createText(language, words)
  made.set(words, known)
  return known
}

/** By the words, which are of one language: what fills texts in is dear to make, and a list has hundreds of rows. */
const made = new WeakMap<Dictionary, Text>()

export function useLanguage(): Language {
  return usePrefs().language
}
