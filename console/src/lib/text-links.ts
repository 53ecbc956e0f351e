// The addresses in a text that may be opened: http and https, without a name and a password in them, and of letters that look like what they are:
// what is shown is where it leads. What ends a sentence is no part of one.
const ADDRESS = /https?:\/\/[^\s<>"'`\\]+/gi
const PLAIN = /^[!-~]+$/
const TAIL = /[.,;:!?)\]}。，、]+$/

export interface TextPart {
  readonly text: string
  /** null: words */
  readonly href: string | null
}

export function splitLinks(text: string): readonly TextPart[] {
  const parts: TextPart[] = []
  let from = 0
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = found.replace(TAIL, '')
    const href = toHref(address)
    if (href === null) continue
    if (index > from) parts.push({ text: text.slice(from, index), href: null })
    parts.push({ text: address, href })
    from = index + address.length
  }
  if (from < text.length) parts.push({ text: text.slice(from), href: null })
  return parts
}

function toHref(address: string): string | null {
  const url = PLAIN.test(address) ? URL.parse(address) : null
  return url === null || url.username !== '' || url.password !== '' ? null : url.href
}
