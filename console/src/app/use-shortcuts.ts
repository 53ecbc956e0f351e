// The keys that work everywhere: Ctrl-K (⌘K) for the palette and, where the person has not turned single keys off (WCAG 2.1.4), `?`, `/`
// and `g` followed by a page's letter.
import { useEffect, useRef } from 'react'
import { useNavigate } from 'react-router'
import { readPrefs } from '../lib/prefs.ts'
import type { NavItem } from './navigation.ts'

export type Overlay = 'palette' | 'keys'

/** so long `g` waits for its letter */
const WAIT_MS = 1_000

export function useShortcuts(items: readonly NavItem[], open: (overlay: Overlay) => void): void {
  const navigate = useNavigate()
  const begunAt = useRef(0)
  useEffect(() => {
    const onLetter = (event: KeyboardEvent): void => {
      const isSecond = performance.now() - begunAt.current < WAIT_MS
      const target = isSecond ? items.find(({ key }) => key === event.key) : undefined
      // the second letter of `g g` begins nothing
      begunAt.current = event.key === 'g' && target === undefined ? performance.now() : 0
      if (target !== undefined) void navigate(target.path)
      else if (event.key === '?') open('keys')
      else if (event.key === '/') focusSearch(event)
    }
    const onKey = (event: KeyboardEvent): void => {
      if (event.isComposing) return
      if (isPaletteKey(event)) {
        event.preventDefault()
        open('palette')
      } else if (isFree(event)) onLetter(event)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [items, navigate, open])
}

const isPaletteKey = ({ ctrlKey, metaKey, shiftKey, altKey, key }: KeyboardEvent): boolean =>
  (ctrlKey || metaKey) && !shiftKey && !altKey && key.toLowerCase() === 'k'

/** Nobody is typing, no dialog is open, and single keys are wanted. */
function isFree(event: KeyboardEvent): boolean {
  const { ctrlKey, metaKey, altKey } = event
  // within a shadow root only the path tells where
  if (ctrlKey || metaKey || altKey || isTyping(event.composedPath()[0] ?? null)) return false
  return readPrefs().shortcuts && document.querySelector('dialog[open]') === null
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

function focusSearch(event: KeyboardEvent): void {
  const search = document.querySelector<HTMLElement>('[data-page-search]')
  if (search === null) return
  event.preventDefault()
  search.focus()
}
