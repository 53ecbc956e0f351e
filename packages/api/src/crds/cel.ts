// How a schema says what only the API server reads: CEL rules and list semantics, as `.meta(...)` members that scripts/write-crds.ts copies
// into the CRD. zod ignores them; `checks.ts` repeats the rules for a manifest that meets no API server.

/** One rule of `x-kubernetes-validations`. `message` says what to do; the API server puts the field before it. */
export interface CelRule {
  readonly rule: string
  readonly message: string
  /** The field to name, relative to where the rule stands, such as `.url`; without it the place of the rule itself. */
  readonly fieldPath?: string
}

export const rules = (...list: readonly CelRule[]): { 'x-kubernetes-validations': readonly CelRule[] } => ({
  'x-kubernetes-validations': list,
})

/** A list whose elements are told apart by these members: no duplicates, and each element has an owner of its own when applied. */
export const listMap = (
  ...keys: readonly string[]
): { 'x-kubernetes-list-type': 'map'; 'x-kubernetes-list-map-keys': readonly string[] } => ({
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
})

/** A list of scalars without duplicates. A list that says nothing is atomic: replaced whole. */
export const LIST_SET = { 'x-kubernetes-list-type': 'set' } as const

/** An object that has one owner as a whole, such as a reference. */
export const MAP_ATOMIC = { 'x-kubernetes-map-type': 'atomic' } as const

/** The CEL expression that is true where the pattern matches. RE2 has no look-around: a pattern with one fails in the API server. */
export function matches(subject: string, pattern: RegExp): string {
  return `${subject}.matches(${quote((pattern.flags.includes('i') ? '(?i)' : '') + pattern.source)})`
}

const REFERENCES = {
  USER: ['USER_[A-Z][A-Z0-9_]{0,58}', '${USER_…}'],
  ORG: ['ORG_[A-Z][A-Z0-9_]{0,59}', '${ORG_…}'],
  WORKDIR: ['WORKDIR', '${WORKDIR}'],
} as const

/** Every `${` of the text begins one of these references (RE2 cannot say "not followed by", so both are counted). */
export function onlyReferences(...kinds: readonly (keyof typeof REFERENCES)[]): CelRule {
  const known = kinds.map((kind) => REFERENCES[kind][0]).join('|')
  return {
    rule: String.raw`!self.contains('${'$'}{') || self.findAll(r'\$\{').size() == self.findAll(r'\$\{(${known})\}').size()`,
    message: `a reference that is not a variable of the hub; only ${kinds.map((kind) => REFERENCES[kind][1]).join(', ')} can stand here`,
  }
}

/** A raw CEL string: backslashes stay as they are. */
function quote(text: string): string {
  const mark = text.includes("'") ? '"' : "'"
  if (text.includes(mark)) throw new Error(`a pattern with both kinds of quotes cannot be written in CEL: ${text}`)
  return `r${mark}${text}${mark}`
}
