// From an English sentence of the hub back to a code and what fills it in, so that it can be said in another language. By the text itself:
// zod, the API server, conditions of a cluster and faults that were kept carry texts and nothing else.
import { z } from 'zod'
import { DOCTOR_SENTENCES } from './sentences/doctor-sentences.ts'
import { HUB_SENTENCES } from './sentences/hub-sentences.ts'
import { MANIFEST_SENTENCES } from './sentences/manifest-sentences.ts'
import { WORK_SENTENCES } from './sentences/work-sentences.ts'

/** Every sentence that has a code. Of a placeholder `{why}` the text is a sentence again, or another's words. */
export const SENTENCES = {
  ...MANIFEST_SENTENCES,
  ...WORK_SENTENCES,
  ...HUB_SENTENCES,
  ...DOCTOR_SENTENCES,
} as const satisfies Record<string, string>

/**
 * A sentence as codes of `SENTENCES` with their parameters, all texts as they stand in it; each next one says what `{why}` of the one before
 * stands for, or follows it. Empty: no code is known, the text is all there is.
 */
export const said = z.array(z.object({ code: z.string(), params: z.record(z.string(), z.string()) }))
export type Said = z.infer<typeof said>

/** Nothing of ours is longer; what is longer was written by others. */
const LONGEST = 2_000
/** Deeper nothing of ours is nested. */
const DEEPEST = 5
const NUMERIC = new Set(['count', 'done', 'bytes', 'levels', 'line', 'seconds', 'ms', 'size', 'used', 'free', 'limit'])
const PLACEHOLDER = /\{([a-z]\w*)\}/
const AT = 'said.at'
const QUOTE = ' Kubernetes says: '

interface Template {
  readonly code: string
  /** what stands around the parameters: one more than there are of them */
  readonly around: readonly string[]
  readonly names: readonly string[]
}

function readTemplate(code: string, text: string): Template {
  const parts = text.split(PLACEHOLDER)
  return { code, around: parts.filter((_, at) => at % 2 === 0), names: parts.filter((_, at) => at % 2 === 1) }
}

const lettersOf = ({ around }: Template): number => around.join('').length

const ALL = Object.entries(SENTENCES).map(([code, text]) => readTemplate(code, text))
const WHOLE: ReadonlyMap<string, string> = new Map(
  ALL.filter(({ names }) => names.length === 0).map(({ code, around }) => [around[0]!, code]),
)
/** The one that says most itself comes first. */
const TEMPLATES = ALL.filter(({ code, names }) => names.length > 0 && code !== AT).sort(
  (one, other) => lettersOf(other) - lettersOf(one),
)

/** The codes of an English sentence; empty: none is known. Takes time in proportion to the text, whatever it holds. */
export function findSaid(text: string, depth = 0): Said {
  if (text.length > LONGEST || depth > DEEPEST) return []
  const code = WHOLE.get(text)
  if (code !== undefined) return [{ code, params: {} }]
  const at = text.indexOf(QUOTE)
  if (at > 0) return findQuoted(text, at, depth)
  for (const template of TEMPLATES) {
    const params = matchTemplate(template, text)
    if (params !== null) return withReason({ code: template.code, params }, depth)
  }
  return findAfterPlace(text, depth)
}

function withReason(sentence: Said[number], depth: number): Said {
  const { why } = sentence.params
  return why === undefined ? [sentence] : [sentence, ...findSaid(why, depth + 1)]
}

/** What is ours, and then the words of Kubernetes. */
function findQuoted(text: string, at: number, depth: number): Said {
  const own = findSaid(text.slice(0, at), depth + 1)
  return own.length === 0 ? [] : [...own, { code: 'pod.says', params: { why: text.slice(at + QUOTE.length) } }]
}

/** `spec.remote.url: not a URL`, `Invalid value: "string": not a URL`: a place says nothing by itself. */
function findAfterPlace(text: string, depth: number): Said {
  const at = text.indexOf(': ')
  if (at < 1) return []
  const why = text.slice(at + 2)
  const rest = findSaid(why, depth + 1)
  if (rest.length === 0) return []
  const place = text.slice(0, at)
  return place === 'Invalid value' || place.startsWith('"') ? rest : [{ code: AT, params: { place, why } }, ...rest]
}

function matchTemplate({ around, names }: Template, text: string): Record<string, string> | null {
  const last = around.length - 1
  if (!text.startsWith(around[0]!) || !text.endsWith(around[last]!)) return null
  const params: Record<string, string> = {}
  let from = around[0]!.length
  for (const [n, name] of names.entries()) {
    const end = n + 1 === last ? text.length - around[last]!.length : text.indexOf(around[n + 1]!, from)
    const value = end < from ? '' : text.slice(from, end)
    if (value === '' || (NUMERIC.has(name) && !/^[\d.]+$/.test(value))) return null
    params[name] = value
    from = end + around[n + 1]!.length
  }
  return params
}
