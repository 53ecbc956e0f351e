// Servers as editors and other hubs write them down (`mcpServers` of an mcp_settings.json, `servers` of VS Code) as manifests of this hub. What
// may be a secret does not come along: each person gives their own. What has no place here is named, so that nobody takes it for done. Pure.
import { isData, textOf, type Data } from './form/manifest.ts'
import { writeManifest } from './form/templates.ts'
import { launchOf, type Launch } from './import-launch.ts'

export interface ImportedServer {
  /** as it stands in the file */
  readonly title: string
  /** what a manifest may be called */
  readonly name: string
  readonly yaml: string
  readonly notes: readonly ImportNote[]
}

export interface ImportNote {
  readonly code: NoteCode
  /** fields, variables, or the program's name */
  readonly what: readonly string[]
}

export type NoteCode = 'secrets' | 'noVersion' | 'noDigest' | 'noCommand' | 'unknownProgram' | 'leftOut'

export type ImportFault = 'notJson' | 'noServers'

export type Imported =
  | { readonly servers: readonly ImportedServer[]; readonly fault: null }
  | { readonly servers: null; readonly fault: ImportFault }

export function importSettings(text: string): Imported {
  const file = readJson(text)
  if (file === undefined) return { servers: null, fault: 'notJson' }
  const entries = Object.entries(listOf(file)).filter((entry): entry is [string, Data] => isData(entry[1]))
  if (entries.length === 0) return { servers: null, fault: 'noServers' }
  const taken = new Set<string>()
  return { servers: entries.map(([title, entry]) => importServer(title, freeName(title, taken), entry)), fault: null }
}

/** Editors allow comments and a comma too many. */
function readJson(text: string): unknown {
  const bare = text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string: string) => string ?? '')
  const plain = bare.replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, (_, string: string) => string ?? '')
  try {
    return JSON.parse(plain)
  } catch {
    return undefined
  }
}

function listOf(file: unknown): Data {
  if (!isData(file)) return {}
  for (const list of [file['mcpServers'], file['servers'], isData(file['mcp']) ? file['mcp']['servers'] : null])
    if (isData(list)) return list
  const looksLikeOne = (entry: unknown): boolean => isData(entry) && ('command' in entry || 'url' in entry)
  return Object.values(file).some(looksLikeOne) ? file : {}
}

function freeName(title: string, taken: Set<string>): string {
  const plain = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 56)
    .replace(/^-+|-+$/g, '')
  const base = plain || 'server'
  let name = base
  for (let count = 2; taken.has(name); count++) name = `${base}-${count}`
  taken.add(name)
  return name
}

const HANDLED = new Set([
  'command',
  'args',
  'env',
  'url',
  'headers',
  'type',
  'enabled',
  'disabled',
  'description',
  'tools',
])
/** names that promise a secret */
const SECRET_NAME = /token|secret|passw|credential|api[-_]?key|auth|private|(^|[-_])(key|pat)$/i
/** `${input:x}`, `${env:X}`, `$X`, `<your key>`: a place for a value, no value */
const PLACE = /^\s*(\$\{[^}]*\}|\$[A-Za-z_]\w*|<[^>]*>|\{\{[^}]*\}\}|your[-_ ].*|x{3,}|\*{3,})\s*$/i

function importServer(title: string, name: string, entry: Data): ImportedServer {
  const secrets = new Map<string, string>()
  const pairs = (value: unknown): { name: string; value: string }[] =>
    Object.entries(isData(value) ? value : {}).map(([label, one]) => {
      const { text, variable } = withoutSecret(name, label, textOf(one))
      if (variable !== null) secrets.set(variable, label)
      return { name: label, value: text }
    })
  const launch = typeof entry['url'] === 'string' ? null : launchOf(entry)
  const source = launch === null ? remoteOf(entry, pairs) : stdioOf(launch, entry, pairs)
  const spec = { ...source, ...wordsOf(title, name, entry), ...toolsOf(entry['tools']), ...variablesOf(secrets) }
  const leftOut = Object.keys(entry).filter((field) => !HANDLED.has(field))
  const notes: ImportNote[] = [
    ...(secrets.size > 0 ? [{ code: 'secrets', what: [...secrets.values()] } as const] : []),
    ...(launch?.notes ?? []),
    ...(leftOut.length > 0 ? [{ code: 'leftOut', what: leftOut } as const] : []),
  ]
  return { title, name, yaml: writeManifest('McpServer', name, spec), notes }
}

/** `variable`: what each person gives in its place; null: it is none. */
function withoutSecret(server: string, label: string, value: string) {
  const scheme = /^(Bearer|Basic|token)\s+/i.exec(value)?.[0] ?? ''
  const isPlace = PLACE.test(value.slice(scheme.length)) || value.includes('${')
  if (!SECRET_NAME.test(label) && !isPlace) return { text: value, variable: null }
  const variable = variableOf(server, label)
  return { text: `${scheme}\${${variable}}`, variable }
}

function wordsOf(title: string, name: string, entry: Data): object {
  const { description } = entry
  return {
    ...(typeof description === 'string' ? { description } : {}),
    ...(title === name ? {} : { displayName: title }),
    ...(entry['enabled'] === false || entry['disabled'] === true ? { enabled: false } : {}),
  }
}

function variablesOf(secrets: ReadonlyMap<string, string>): object {
  const userVariables = [...secrets].map(([variable, label]) => ({ name: variable, label }))
  return listed('userVariables', userVariables)
}

type Pairs = (value: unknown) => { name: string; value: string }[]
const listed = (field: string, list: readonly unknown[]): object => (list.length > 0 ? { [field]: list } : {})

function remoteOf(entry: Data, pairs: Pairs): object {
  const isSse = entry['type'] === 'sse' || /\/sse\/?$/.test(textOf(entry['url']))
  return {
    type: 'Remote',
    remote: {
      url: entry['url'],
      ...(isSse ? { transport: 'Sse' } : {}),
      ...listed('headers', pairs(entry['headers'])),
    },
  }
}

function stdioOf({ source, args, env }: Launch, entry: Data, pairs: Pairs): object {
  const given = isData(entry['env']) ? entry['env'] : {}
  const named = Object.fromEntries(env.map((name) => [name, given[name] ?? '${}']))
  return {
    type: 'Stdio',
    stdio: { ...source, ...listed('args', args), ...listed('env', pairs({ ...named, ...given })) },
  }
}

/** Of hubs that turn single tools off. */
function toolsOf(tools: unknown): object {
  const off = Object.entries(isData(tools) ? tools : {}).flatMap(([name, one]) =>
    isData(one) && one['enabled'] === false ? [name] : [],
  )
  return off.length > 0 ? { tools: { deny: off } } : {}
}

/** `USER_GITHUB_TOKEN` of `GITHUB_TOKEN`, or of the header `Authorization` of the server `github`. */
function variableOf(server: string, label: string): string {
  const plain = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
  const own = /^authorization$/i.test(label) ? `${plain(server)}_TOKEN` : plain(label)
  return `USER_${own.replace(/^[^A-Z]+/, '')}`.slice(0, 64)
}
