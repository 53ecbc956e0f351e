// Fetches the words of one part in one language when they are first needed, and keeps them.
import { makeReadable } from '../readable.ts'
import type { Dictionary } from './text.ts'
import type { Language, Namespace } from './words.ts'

const FILES = import.meta.glob<Dictionary>('../../locales/*/*.json', { import: 'default' })

const kept = new Map<string, Promise<Dictionary>>()

export function loadWords(language: Language, namespace: Namespace): Promise<Dictionary> {
  const name = `../../locales/${language}/${namespace}.json`
  const known = kept.get(name)
  if (known !== undefined) return known
  const loading = makeReadable(readFile(name))
  kept.set(name, loading)
  // tried again the next time it is asked for
  loading.catch(() => kept.delete(name))
  return loading
}

/** Everything that is shown now, in another language: nothing blinks when it is switched. */
export async function loadSameWords(language: Language): Promise<void> {
  const names = [...kept.keys()].map((name) => name.split('/').at(-1)!.replace('.json', '') as Namespace)
  await Promise.all(names.map((name) => loadWords(language, name)))
}

async function readFile(name: string): Promise<Dictionary> {
  const load = FILES[name]
  if (load === undefined) throw new Error(`There are no words in ${name}`)
  return load()
}
