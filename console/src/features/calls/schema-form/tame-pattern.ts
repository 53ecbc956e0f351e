// A pattern comes from a server, and some patterns take longer than the universe lasts for a text of thirty letters. Only those are tried here
// whose worst case is plainly short; the server tries the others itself.
const LONGEST_PATTERN = 500
/** steps of the engine; some 50 ms */
const MOST_EFFORT = 2e7

/** Quantified groups, back references and looking around: no bound is told for them. */
const WILD = /\)[*+?{]|\\[1-9k]|\(\?/
const RUN = /[*+]|\{\d*,\d*\}/g
const CHOICE = /[?|]/g

/** null: not tried. */
export function matchesPattern(pattern: string, text: string): boolean | null {
  if (pattern.length > LONGEST_PATTERN || WILD.test(pattern.replaceAll('(?:', '('))) return null
  if (readEffort(pattern, text.length) > MOST_EFFORT) return null
  try {
    return new RegExp(pattern, 'u').test(text)
  } catch {
    return null
  }
}

/** From every place of the text, every length of every run, every way at every fork. */
function readEffort(pattern: string, length: number): number {
  const plain = withoutLiterals(pattern)
  const runs = plain.match(RUN)?.length ?? 0
  const forks = plain.match(CHOICE)?.length ?? 0
  return (length + 1) ** (1 + runs) * 2 ** forks
}

/** A star in brackets or after a backslash is a star. */
const withoutLiterals = (pattern: string): string => pattern.replaceAll(/\\./gu, 'x').replaceAll(/\[[^\]]*\]/g, 'x')
