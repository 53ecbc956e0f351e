// Headers that must not stand twice: Node's own table silently keeps the first of several, a proxy in front may have judged the last.

/** Its value; undefined when absent, null when it stands more than once. `name` in lower case. */
export function readSingleHeader(rawHeaders: readonly string[], name: string): string | null | undefined {
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index]!
    if (raw.length !== name.length || raw.toLowerCase() !== name) continue
    if (found !== undefined) return null
    found = rawHeaders[index + 1]!
  }
  return found
}
