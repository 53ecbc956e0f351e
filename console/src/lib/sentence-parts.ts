// A template of a sentence, filled in and taken apart by what its parts are shown as. Pure.

/** `value`: a name or a number; `why`: where another sentence stands. */
export interface SentencePart {
  readonly kind: 'words' | 'value' | 'code' | 'why'
  readonly text: string
}

/** What is written in code stands in backticks. */
const PARTS = /(`[^`]*`|\{\w+\})/
const VALUE = /\{(\w+)\}/g

export function readParts(template: string, params: Readonly<Record<string, string>>): readonly SentencePart[] {
  const fill = (text: string): string =>
    text.replace(VALUE, (whole, name: string) => (Object.hasOwn(params, name) ? params[name]! : whole))
  return template
    .split(PARTS)
    .filter((text) => text !== '')
    .map((text): SentencePart => {
      if (text === '{why}') return { kind: 'why', text: params['why'] ?? '' }
      if (text.startsWith('`')) return { kind: 'code', text: fill(text.slice(1, -1)) }
      return { kind: text.startsWith('{') ? 'value' : 'words', text: fill(text) }
    })
}
