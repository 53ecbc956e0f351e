// What a server may ask a client in the middle of a call (elicitation, sampling, roots), and which clients said that they can be asked. Pure.
import { isObject } from './message.ts'
import type { JsonObject } from '../upstream/upstreams.ts'

/** what a client can do for a server; everything else of its capabilities ends at the hub */
const RELAYED = ['elicitation', 'sampling', 'roots'] as const

/** Declared where the client at hand is not known beforehand: all that the hub can carry. Who cannot be asked is refused per call. */
export const ALL_RELAYED: JsonObject = {
  elicitation: { form: {}, url: {} },
  sampling: { tools: {}, context: {} },
  roots: { listChanged: true },
}

const ASKING: Readonly<Record<string, (typeof RELAYED)[number]>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
}

/** The part of a client's capabilities that servers hear of. */
export function pickRelayed(declared: JsonObject): JsonObject {
  const picked: JsonObject = {}
  for (const name of RELAYED) if (declared[name] !== undefined) picked[name] = declared[name]
  return picked
}

/** The same for clients that a server need not tell apart; bounded, whatever a client writes. */
export function keyOfRelayed({ elicitation, sampling, roots }: JsonObject): string {
  if (elicitation === undefined && sampling === undefined && roots === undefined) return ''
  const parts: string[] = []
  if (elicitation !== undefined) parts.push('elicitation', ...partsOf(elicitation, ['form', 'url']))
  if (sampling !== undefined) parts.push('sampling', ...partsOf(sampling, ['tools', 'context']))
  if (roots !== undefined) parts.push('roots', ...partsOf(roots, ['listChanged']))
  return parts.join('+')
}

/** Reduced to what `keyOfRelayed` tells apart: a link that several callers use declares the same for each. */
export function reduceRelayed({ elicitation, sampling, roots }: JsonObject): JsonObject {
  return {
    ...(elicitation === undefined ? {} : { elicitation: flagsOf(elicitation, ['form', 'url']) }),
    ...(sampling === undefined ? {} : { sampling: flagsOf(sampling, ['tools', 'context']) }),
    ...(roots === undefined ? {} : { roots: partsOf(roots, ['listChanged']).length > 0 ? { listChanged: true } : {} }),
  }
}

export function mayAsk(method: string, declared: JsonObject): boolean {
  return Object.hasOwn(ASKING, method) && declared[ASKING[method]!] !== undefined
}

/** The capability this question needs and the client did not declare; null = it can be asked. `{}` = nothing any client could declare. */
export function findLacking(declared: JsonObject, method: string, params: JsonObject | undefined): JsonObject | null {
  if (!Object.hasOwn(ASKING, method)) return {}
  const name = ASKING[method]!
  const own = declared[name]
  if (name === 'elicitation') {
    const mode = params?.['mode'] === 'url' ? 'url' : 'form'
    return hasMode(own, mode) ? null : { elicitation: { [mode]: {} } }
  }
  if (own === undefined) return { [name]: {} }
  return name === 'sampling' && usesTools(params) && !hasTools(own) ? { sampling: { tools: {} } } : null
}

function usesTools(params: JsonObject | undefined): boolean {
  return params?.['tools'] !== undefined || params?.['toolChoice'] !== undefined
}

function hasTools(own: unknown): boolean {
  return isObject(own) && own['tools'] !== undefined
}

/** Without any mode named a client can be shown forms (client/elicitation "Capabilities"). */
function hasMode(own: unknown, mode: 'form' | 'url'): boolean {
  if (!isObject(own)) return own !== undefined && mode === 'form'
  return own[mode] !== undefined || (mode === 'form' && own['url'] === undefined)
}

function partsOf(own: unknown, names: readonly string[]): string[] {
  return isObject(own) ? names.filter((name) => own[name] !== undefined && own[name] !== false) : []
}

function flagsOf(own: unknown, names: readonly string[]): JsonObject {
  return Object.fromEntries(partsOf(own, names).map((name) => [name, {}]))
}
