// The shape of the pairing matrix: who stands in front of the hub, who behind it, and for each feature what is to be seen between the two.
// The tests exchange it over the wire, the guide is written from it.
import type { JsonObject, Loose, RawClient, Reply } from '../kit/raw-client.ts'
import { EXTENSION } from './surface.ts'

export const DOWNSTREAMS = ['2025-03-26', '2025-06-18', '2025-11-25', 'plain POST', '2026-07-28'] as const
export type Down = (typeof DOWNSTREAMS)[number]
export const SESSIONS = ['2025-03-26', '2025-06-18', '2025-11-25'] as const satisfies readonly Down[]

export const UPSTREAMS = ['modern HTTP', 'stateful HTTP', 'HTTP+SSE', 'stdio'] as const
export type Up = (typeof UPSTREAMS)[number]
export const LEGACY_UPS = ['stateful HTTP', 'HTTP+SSE', 'stdio'] as const satisfies readonly Up[]

/**
 * What is seen: `passes`, or `passes as …` where it travels in another form; `client: …` the error the client gets; `server: …` what the server is
 * told when it asks; `none: …` there is nothing to carry, because that revision has no such thing.
 */
export type Outcome = 'passes' | `passes as ${string}` | `client: ${string}` | `server: ${string}` | `none: ${string}`

/** Of several rules that fit, the last one holds. */
export interface Rule {
  readonly down?: readonly Down[]
  readonly up?: readonly Up[]
  readonly is: Outcome
}

export interface Cell {
  readonly down: Down
  readonly up: Up
  /** a client of this kind at the server's own endpoint, `/mcp/{server}` */
  readonly client: RawClient
  /** one call, answered: throws where an error came */
  call(tool: string, args?: JsonObject): Promise<Reply>
  /** the text of the tool's answer, parsed */
  ask(tool: string, args?: JsonObject): Promise<Loose>
  /** until `check` gives something else than undefined or false; a deadline of its own */
  until<T>(what: string, check: () => T | undefined | false | Promise<T | undefined | false>): Promise<T>
}

export interface Feature {
  readonly area: string
  readonly title: string
  /** more about it in the guide, where the table alone would puzzle */
  readonly note?: string
  /** default: `passes` everywhere */
  readonly rules?: readonly Rule[]
  /** A real exchange; returns what was seen and throws where that makes no sense at all. */
  exchange(cell: Cell): Promise<Outcome>
}

export function expectedOf({ rules = [] }: Feature, down: Down, up: Up): Outcome {
  const fits = ({ down: downs, up: ups }: Rule) => (downs?.includes(down) ?? true) && (ups?.includes(up) ?? true)
  return rules.findLast(fits)?.is ?? 'passes'
}

/** What the client of a revision says it can do: all that revision knows. */
export const CAPABILITIES: Readonly<Record<Down, JsonObject>> = {
  '2025-03-26': { sampling: {}, roots: { listChanged: true }, extensions: { [EXTENSION]: {} } },
  '2025-06-18': { sampling: {}, roots: { listChanged: true }, elicitation: {}, extensions: { [EXTENSION]: {} } },
  '2025-11-25': {
    sampling: {},
    roots: { listChanged: true },
    elicitation: { form: {}, url: {} },
    extensions: { [EXTENSION]: {} },
  },
  'plain POST': {},
  '2026-07-28': {
    sampling: {},
    roots: {},
    elicitation: { form: {}, url: {} },
    extensions: { 'io.modelcontextprotocol/tasks': {}, [EXTENSION]: {} },
  },
}
