// How a stored value is shown: never whole, at most its last four characters, nothing of a short one.
export const MASK = '••••••••'

/** Values shorter than 12 characters show nothing: four of them would be too large a part. */
export function maskValue(value: string): string {
  const characters = Array.from(value)
  return characters.length < 12 ? MASK : MASK + characters.slice(-4).join('')
}

/** True for text a form or script sends back unchanged from a list; such a value is left as it is stored. */
export function isMasked(text: string): boolean {
  return text.startsWith(MASK) && Array.from(text.slice(MASK.length)).length <= 4
}
