// The one-time token of a link (#token=…): taken out of the address before anything is shown, so that it is in no history and no title.
// Only memory holds it, and only until it is used.
let token: string | null = null

/** Before the first render. */
export function takeLinkToken(): void {
  const found = new URLSearchParams(location.hash.slice(1)).get('token')
  if (found === null) return
  token = found
  history.replaceState(history.state, '', location.pathname + location.search)
}

export const readLinkToken = (): string | null => token

/** It has been used, or is not wanted. */
export function forgetLinkToken(): void {
  token = null
}
