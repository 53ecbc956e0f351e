// The catalogue in the form other hubs and editors keep in `mcp_settings.json`: for taking it elsewhere. What that form has no word for is left
// out and named, so that nobody takes it for the whole. Pure.
import type { McpServerSpec, SettingsFileResponse } from '@mcphub/api'
import type { CatalogServer, CatalogSnapshot } from '../../catalog/catalog.ts'

type Entry = SettingsFileResponse['mcpServers'][string]

export function writeSettingsFile({ servers }: Pick<CatalogSnapshot, 'servers'>): SettingsFileResponse {
  const listed = [...servers.values()].map((server) => ({ name: server.name, ...describe(server) }))
  const leftOut = listed.filter(({ fields }) => fields.length > 0)
  return {
    mcpServers: Object.fromEntries(listed.flatMap(({ name, entry }) => (entry === null ? [] : [[name, entry]]))),
    leftOut: leftOut.map(({ name, fields }) => ({ server: name, fields })),
  }
}

interface Described {
  readonly entry: Entry | null
  readonly fields: string[]
}

function describe({ spec }: CatalogServer): Described {
  const general = {
    ...(spec.description === undefined ? {} : { description: spec.description }),
    ...(spec.enabled ? {} : { enabled: false }),
    ...(spec.tools.prefix === undefined ? {} : { prefix: spec.tools.prefix }),
  }
  const own = describeKind(spec)
  const { tools, isolation, discovery } = spec
  const fields = [
    ...own.fields,
    ...(tools.allow === undefined && tools.deny === undefined ? [] : ['tools']),
    ...(isolation === 'Auto' ? [] : ['isolation']),
    ...(discovery === 'PerUser' ? [] : ['discovery']),
    ...(spec.userVariables.length === 0 ? [] : ['userVariables']),
  ]
  return { entry: own.entry === null ? null : { ...own.entry, ...general }, fields }
}

function describeKind({ type, remote, stdio }: McpServerSpec): Described {
  if (remote !== undefined) return describeRemote(remote)
  if (stdio !== undefined) return describeStdio(stdio)
  return { entry: null, fields: [type] }
}

function describeRemote({ url, transport, headers, ...rest }: NonNullable<McpServerSpec['remote']>): Described {
  const type = transport === 'Sse' ? 'sse' : 'http'
  const entry = { type, url, ...(headers.length === 0 ? {} : { headers: toRecord(headers) }) }
  return { entry, fields: rest.allowInUrl ? ['remote.allowInUrl'] : [] }
}

function describeStdio(stdio: NonNullable<McpServerSpec['stdio']>): Described {
  const { args, env, command = [], image } = stdio
  const run = runOf(stdio)
  const all = run === null ? [...command, ...args] : [...run, ...args]
  const [program, ...rest] = all
  const fields = [
    ...(image === undefined ? [] : ['stdio.image']),
    ...(stdio.egress.mode === 'None' ? [] : ['stdio.egress']),
  ]
  if (program === undefined) return { entry: null, fields: ['stdio', ...fields] }
  return {
    entry: { type: 'stdio', command: program, args: rest, ...(env.length === 0 ? {} : { env: toRecord(env) }) },
    fields,
  }
}

/** As people start a package by hand. */
function runOf({ package: of }: NonNullable<McpServerSpec['stdio']>): readonly string[] | null {
  if (of?.npm !== undefined) return ['npx', '-y', `${of.npm.name}@${of.npm.version}`]
  return of?.pypi === undefined ? null : ['uvx', `${of.pypi.name}==${of.pypi.version}`]
}

const toRecord = (pairs: readonly { readonly name: string; readonly value: string }[]): Record<string, string> =>
  Object.fromEntries(pairs.map(({ name, value }) => [name, value]))
