// The one-time token of a link (#token=…): taken out of the address before anything is shown, so that it is in no history and no title.
// Only memory holds it, and only until it is used.
import { useEffect, useState } from 'react'

let token: string | null = null
const pages = new Set<(token: string) => void>()

/** Before the first render, and from then on: a link that is put into the address of a page that is open loads nothing anew. */
export function followLinkTokens(): void {
  takeLinkToken()
  window.addEventListener('hashchange', takeLinkToken)
}

function takeLinkToken(): void {
  const found = new URLSearchParams(location.hash.slice(1)).get('token')
  if (found === null) return
  token = found
  history.replaceState(history.state, '', location.pathname + location.search)
  for (const show of pages) show(found)
}

export const readLinkToken = (): string | null => token

/** The one a page is about: it stays while the page does, also when it has just been used; null once it was given up. */
export function useLinkToken(): readonly [token: string | null, giveUp: () => void] {
  const [shown, setShown] = useState(readLinkToken)
  useEffect(() => {
    pages.add(setShown)
    return () => void pages.delete(setShown)
  }, [])
  const giveUp = (): void => {
    forgetLinkToken()
    setShown(null)
  }
  return [shown, giveUp]
}

/** It has been used, or is not wanted. */
export function forgetLinkToken(): void {
  token = null
}
