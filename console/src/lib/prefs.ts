// Theme, language, single-letter keys: kept in this browser under one name, and nothing else ever is. theme.js applies them before the first paint.
import { useSyncExternalStore } from 'react'
import { loadSameWords } from './i18n/load.ts'
import type { Language } from './i18n/words.ts'

const NAME = 'mcphub.prefs'

export type Theme = 'light' | 'dark' | 'system'

export interface Prefs {
  readonly theme: Theme
  readonly language: Language
  /** whether keys of a single letter do something */
  readonly shortcuts: boolean
}

const root = document.documentElement
const listeners = new Set<() => void>()
let current: Prefs = {
  theme: (root.dataset['theme'] as Theme | undefined) ?? 'system',
  language: root.lang === 'ko' ? 'ko' : 'en',
  shortcuts: readKept().shortcuts !== false,
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const readPrefs = (): Prefs => current

export function usePrefs(): Prefs {
  return useSyncExternalStore(subscribe, readPrefs)
}

function readKept(): Partial<Prefs> {
  try {
    return (JSON.parse(localStorage.getItem(NAME) ?? '{}') ?? {}) as Partial<Prefs>
  } catch {
    return {}
  }
}

/** Shown when the words of the new language are there. */
export async function changePrefs(change: Partial<Prefs>): Promise<void> {
  const next = { ...current, ...change }
  if (next.language !== current.language) await loadSameWords(next.language)
  current = next
  root.lang = next.language
  if (next.theme === 'system') delete root.dataset['theme']
  else root.dataset['theme'] = next.theme
  keep(next)
  for (const listener of listeners) listener()
}

interface Chosen {
  readonly language: Language | null
  readonly theme: Theme | null
}

/** What the person chose elsewhere, in a browser where nothing was chosen yet. */
export async function adoptPrefs({ language, theme }: Chosen): Promise<void> {
  const isNew = Object.keys(readKept()).length === 0
  if (isNew && (language !== null || theme !== null))
    await changePrefs({ ...(language && { language }), ...(theme && { theme }) })
}

function keep(prefs: Prefs): void {
  try {
    localStorage.setItem(NAME, JSON.stringify(prefs))
  } catch {
    // a browser that keeps nothing: the choice holds for this visit
  }
}
