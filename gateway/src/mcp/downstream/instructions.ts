// What a client's model is told of the servers behind this endpoint. What the hub says itself comes first and stands at the edge; what servers say of
// themselves is quoted line by line, so that none can speak in the hub's name or in another server's.
import type { ServerNote } from '../discovery/discoveries.ts'
import type { Discovery } from '../discovery/discovery-store.ts'

const MOST_CHARACTERS = { all: 8 * 1024, ofOneServer: 2 * 1024 }
const LINE_END = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/
/** controls, and marks that turn the direction of what follows or are not seen */
const HARMFUL = /[\p{Cc}\p{Cs}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu

/** What is told of a listing. */
export interface Described {
  readonly servers: ReadonlyMap<string, DescribedServer>
  /** null: one server's own endpoint */
  readonly uris: object | null
}

interface DescribedServer {
  readonly discovery: Pick<Discovery, 'instructions'> | null
  readonly note: Pick<ServerNote, 'state' | 'missing'>
}

/** '' = nothing to say. On its own endpoint a server that lacks nothing is heard as it spoke. */
export function buildInstructions({ servers, uris }: Described, notice: string | null = null): string {
  const own: string[] = notice === null ? [] : [notice]
  const said: string[] = []
  for (const [name, { discovery, note }] of servers) {
    if (note.state === 'MissingVariable') own.push(describeMissing(name, note.missing))
    const text = (discovery?.instructions ?? '').slice(0, MOST_CHARACTERS.ofOneServer).toWellFormed()
    if (text !== '') said.push(uris === null && own.length === 0 ? text : `Server "${name}" says:\n${quote(text)}`)
  }
  return [...own, ...said].join('\n\n').slice(0, MOST_CHARACTERS.all).toWellFormed()
}

export function commandFor(missing: readonly string[]): string {
  const commands = missing.map((name) => `mcphub secrets set ${name.startsWith('ORG_') ? '--org ' : ''}${name}`)
  return commands.join('; ')
}

function describeMissing(name: string, missing: readonly string[]): string {
  return `Server "${name}" needs ${missing.join(', ')}, which is not set. The user sets it with: ${commandFor(missing)}`
}

function quote(text: string): string {
  const lines = text.split(LINE_END).map((line) => `> ${line.replaceAll('\t', ' ').replace(HARMFUL, '')}`.trimEnd())
  return lines.join('\n')
}
