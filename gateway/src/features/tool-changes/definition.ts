// What a server says of a tool, as one text that two replicas agree on, its hash, and what of it cannot be seen. Pure.
import { createHash } from 'node:crypto'
import { canonicalJson } from '../../catalog/derive.ts'
import type { Discovery } from '../../mcp/discovery/discovery-store.ts'

export interface ToolDefinition {
  readonly tool: string
  /** SHA-256 of what people and models read of it, hex */
  readonly sha256: string
}

/** Everything that decides how a model understands the tool. */
const MEMBERS = ['title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const
const MAX_TEXT = 64 * 1024
const MAX_DEPTH = 64

type Said = Readonly<Record<string, unknown>>

const known = new WeakMap<Discovery, readonly ToolDefinition[]>()

/** Of one name the first counts, as it does in a list. Hashed once: it is looked at for every list. */
export function readDefinitions(discovery: Discovery): readonly ToolDefinition[] {
  const read = known.get(discovery)
  if (read !== undefined) return read
  const definitions = [...readTools(discovery)].map(([tool, members]) => {
    const sha256 = createHash('sha256').update(writeText(members)).digest('hex')
    return { tool, sha256 }
  })
  known.set(discovery, definitions)
  return definitions
}

/** By tool, as JSON to be kept: made anew each time, since a hub holds the tools of thousands. */
export function readTexts(discovery: Discovery): ReadonlyMap<string, string> {
  return new Map([...readTools(discovery)].map(([tool, members]) => [tool, bound(members)]))
}

/** The same text for the same members in any order; nested too deeply for that, as they came. What not even that can write, no list can hold. */
function writeText(members: unknown): string {
  if (!isDeep(members)) return canonicalJson(members)
  try {
    return JSON.stringify(members)
  } catch {
    return 'nested too deeply'
  }
}

/** Iterative: this runs before anything recursive may touch what a server said. */
function isDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
    if (level.length === 0) return false
  }
  return true
}

function readTools(discovery: Discovery): ReadonlyMap<string, Said> {
  const tools = new Map<string, Said>()
  for (const said of discovery.tools) {
    const { name } = said
    if (typeof name !== 'string' || tools.has(name)) continue
    const members = MEMBERS.filter((member) => said[member] !== undefined).map((member) => [member, said[member]])
    tools.set(name, Object.fromEntries(members) as Said)
  }
  return tools
}

/** The hash is of all of it; what is kept to be read has an end. */
function bound(members: Said): string {
  const text = writeText(members)
  if (text.length <= MAX_TEXT && !isDeep(members)) return text
  const sizes = Object.entries(members).map(([name, value]) => [name, writeText(value).length])
  return canonicalJson({ tooLarge: Object.fromEntries(sizes) })
}

/**
 * Controls, format characters (zero width, bidirectional, tags), selectors and blank letters. They are legitimate in an emoji, and elsewhere a
 * way to say to a model what a person does not read.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu
const SEEN = new Set(['\n', '\r', '\t'])
const MAX_LISTED = 64

/** As U+200B, each once. */
export function listInvisible(definition: unknown): string[] {
  const found = new Set<string>()
  for (const text of textsOf(definition)) {
    for (const [character] of text.matchAll(INVISIBLE)) if (!SEEN.has(character)) found.add(character)
  }
  const codes = [...found].map((character) => character.codePointAt(0)!).toSorted((a, b) => a - b)
  return codes.slice(0, MAX_LISTED).map((code) => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`)
}

/** Names of members, too: a parameter's name is read as much as its description. */
function textsOf(definition: unknown): string[] {
  const texts: string[] = []
  const waiting: unknown[] = [definition]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value === 'string') texts.push(value)
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value)) texts.push(...Object.keys(value))
    waiting.push(...Object.values(value).filter((member) => member !== undefined))
  }
  return texts
}
