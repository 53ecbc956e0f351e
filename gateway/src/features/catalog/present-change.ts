// A change of the catalogue as the audit keeps it: no handle (people by id, or counted), and of what may hold a secret only whether it is
// another one. Pure.
import type { CatalogKind } from '@mcphub/api'

/** user ids by handle; null: nobody has it */
export type IdOf = (username: string) => string | null

type Member = Readonly<Record<string, unknown>>
const isRecord = (value: unknown): value is Member =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function presentSpecs(
  kind: CatalogKind,
  { before, after }: { readonly before: unknown; readonly after: unknown },
  idOf: IdOf,
): { readonly before: unknown; readonly after: unknown } {
  if (kind === 'UserGroup') return { before: presentGroup(before, idOf), after: presentGroup(after, idOf) }
  const seen = new Map<string, string>()
  return { before: hide(before, '', seen), after: hide(after, '', seen) }
}

function presentGroup(spec: unknown, idOf: IdOf): unknown {
  if (!isRecord(spec) || !isRecord(spec['members'])) return spec ?? null
  const { users, ...members } = spec['members']
  const handles = Array.isArray(users) ? users.map(String) : []
  const ids = handles.map((handle) => idOf(handle.normalize('NFC').toLowerCase()))
  const known = ids.filter((id) => id !== null).toSorted()
  const unknown = ids.length - known.length
  return { ...spec, members: { ...members, users: known, ...(unknown === 0 ? {} : { unknownUsers: unknown }) } }
}

/** A server's spec for whoever may look at it and set nothing: the same shape, without the texts that may be secrets. */
export const withoutSecrets = (spec: unknown): unknown => hide(spec, '', new Map())

/** Where a text may be a secret that somebody wrote into the manifest. */
const SECRET_PLACE = /\.(env|headers)\[[^\]]*\]\.value$|\.(args|command)\[\d+\]$|\.url$|\.verify\[\d+\]\.arguments[.[]/
/** Nothing but references to variables, and the scheme before one. */
const ONLY_REFERENCES = /^(?:(?:Bearer|Basic|Token|ApiKey|Api-Key|Bot|Key) )?(?:\$\{[A-Z_]+[A-Z0-9_]*\})+$/i
const FLAG = /^-[A-Za-z]$|^--[a-z][a-z-]*$/
/** a program, or the path of one */
const PROGRAM = /^[A-Za-z0-9_./-]{1,64}$/
const URL_PARTS = /^(https?:\/\/[^/?#@\s]+)(\/[^?#]*)?([?#].*)?$/s
/** words and a version, as addresses of MCP servers have them; what has a digit or a capital may be a key */
const PLAIN_SEGMENT = /^[a-z_.-]{0,24}$|^v\d{1,2}$|^\$\{[A-Z_]+[A-Z0-9_]*\}$/

/** `[text 1]`: the same number stands for the same text, before and after. */
function hide(value: unknown, path: string, seen: Map<string, string>): unknown {
  if (typeof value === 'string') return SECRET_PLACE.test(path) ? hideText(value, path, seen) : value
  if (Array.isArray(value)) return value.map((item: unknown, at) => hide(item, `${path}[${at}]`, seen))
  if (!isRecord(value)) return value ?? null
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, hide(member, `${path}.${name}`, seen)]),
  )
}

function hideText(text: string, path: string, seen: Map<string, string>): string {
  if (ONLY_REFERENCES.test(text)) return text
  if (path.endsWith('.url')) return hideInUrl(text, seen)
  if (path.endsWith('.command[0]') && PROGRAM.test(text)) return text
  return /\.(args|command)\[\d+\]$/.test(path) && FLAG.test(text) ? text : numbered(text, seen)
}

/** Where it leads stays, and the shape of its path. */
function hideInUrl(url: string, seen: Map<string, string>): string {
  const [, origin, way = '', tail = ''] = URL_PARTS.exec(url) ?? []
  if (origin === undefined) return numbered(url, seen)
  const segments = way.split('/').map((segment) => (PLAIN_SEGMENT.test(segment) ? segment : numbered(segment, seen)))
  return `${origin}${segments.join('/')}${tail === '' ? '' : `${tail[0]}${numbered(tail, seen)}`}`
}

function numbered(text: string, seen: Map<string, string>): string {
  const known = seen.get(text) ?? `[text ${seen.size + 1}]`
  seen.set(text, known)
  return known
}
