// Text from outside as one harmless line: controls (CR, LF, ANSI escapes), line separators and bidirectional marks become visible escapes.
const HARMFUL = /[\p{Cc}\p{Cs}\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu
const MAX = 256
/** nearly every text: nothing to do, found in one look */
const PLAIN = /^[ -~]{0,256}$/

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

export function neutralText(text: string): string {
  if (PLAIN.test(text)) return text
  const cut = text.length > MAX ? `${text.slice(0, MAX - 1)}…` : text
  return cut.replace(HARMFUL, escape)
}
