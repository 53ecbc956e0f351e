// The three parts of a REST call (path parameters, query, body) checked against their route's schemas: all faults of all parts at once.
import { type FieldFault, HubError, type RouteShape, presentFaults } from '@mcphub/api'
import type { z } from 'zod'

export interface RawParts {
  readonly params: Readonly<Record<string, unknown>>
  readonly search: URLSearchParams
  /** undefined: the route takes none */
  readonly body: unknown
}

export interface CallParts {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

/** @throws HubError `invalid_params` whose faults name the fields, never their values */
export function parseParts(route: Pick<RouteShape, 'params' | 'query' | 'body'>, raw: RawParts): CallParts {
  const faults: FieldFault[] = []
  const parts = {
    params: parsePart(route.params, { ...raw.params }, faults),
    query: parsePart(route.query, readQuery(raw.search, faults), faults),
    body: parsePart(route.body, raw.body, faults),
  }
  if (faults.length === 0) return parts
  const fields = [...new Set(faults.map((fault) => fault.field))].slice(0, 5).join(', ')
  throw new HubError('invalid_params', `Not valid: ${fields}`, { faults })
}

function parsePart(schema: z.ZodType | undefined, input: unknown, faults: FieldFault[]): unknown {
  if (schema === undefined) return undefined
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  faults.push(...presentFaults(parsed.error))
  return undefined
}

/** A name given twice would mean one thing here and another elsewhere: it is a fault. */
function readQuery(search: URLSearchParams, faults: FieldFault[]): Record<string, string> {
  const query: Record<string, string> = Object.create(null)
  for (const [name, value] of search) {
    if (name in query) faults.push({ field: name.slice(0, 64), message: 'Give it once' })
    query[name] = value
  }
  return { ...query }
}
