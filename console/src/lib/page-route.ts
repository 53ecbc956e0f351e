// What a feature says of its pages. The page and its words are fetched when somebody goes there, both at once; on a first visit so is what it asks for.
import type { QueryClient } from '@tanstack/react-query'
import { createElement, use, type ComponentType } from 'react'
import { loadWords } from './i18n/load.ts'
import type { Namespace } from './i18n/words.ts'
import { readPrefs } from './prefs.ts'
import { makeReadable } from './readable.ts'

export interface PageRoute {
  /** react-router's, absolute */
  readonly path: string
  readonly Page: ComponentType
  /** Fetches it before anybody goes there; never fails: what could not be fetched is told to who does. */
  preload(): Promise<unknown>
  readonly asks: readonly Ask[]
}

/** A question a page begins with; never fails: what could not be had is told where it is shown. `ask('listKeys')` of api/query.ts makes one. */
export type Ask = (client: QueryClient) => Promise<void>

interface PageFile {
  readonly Page: ComponentType
}

/** pageRoute('/servers', ['servers'], () => import('./pages/server-list.tsx'), [ask('listServers')]) */
export function pageRoute(
  path: string,
  words: readonly Namespace[],
  load: () => Promise<PageFile>,
  asks: readonly Ask[] = [],
): PageRoute {
  const loadAll = async (): Promise<PageFile> => {
    const { language } = readPrefs()
    const [file] = await Promise.all([load(), ...words.map((namespace) => loadWords(language, namespace))])
    return file
  }
  let kept: Promise<PageFile> | null = null
  const loadOnce = (): Promise<PageFile> => {
    if (kept !== null) return kept
    kept = makeReadable(loadAll())
    // tried again the next time somebody goes there
    kept.catch(() => {
      kept = null
    })
    return kept
  }
  // not `lazy`: that shows a fallback first, also of what is there, and React then keeps it for 300 ms
  const Page = () => createElement(use(loadOnce()).Page)
  return { path, Page, preload: () => loadOnce().catch(() => undefined), asks }
}
