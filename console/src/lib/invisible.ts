// Characters that a person cannot see and a model reads: zero width, turning the direction, tags, blanks that are letters. Cut out of a text so
// that a page can show a mark in their place. The same set as the hub's (gateway: features/tool-changes/definition.ts).

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u
const INVISIBLES = new RegExp(`(${INVISIBLE.source})`, 'u')

export interface TextPart {
  readonly text: string
  /** of a character that cannot be seen, as U+200B; null: plain text */
  readonly code: string | null
}

/** A tab is seen well enough; lines are cut before. */
export function splitInvisible(text: string): readonly TextPart[] {
  return text
    .split(INVISIBLES)
    .filter((part) => part !== '')
    .map((part) => ({ text: part, code: part !== '\t' && isInvisible(part) ? codeOf(part) : null }))
}

const isInvisible = (part: string): boolean => Array.from(part).length === 1 && INVISIBLE.test(part)

const codeOf = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
