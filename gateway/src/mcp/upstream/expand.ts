// A manifest's templates with one user's values: headers and URL of a remote server, args and env of a stdio one. Checked again here, before anything
// is opened or started; every error names variables, never values.
import { HubError, findUnbuilt, findVariables } from '@mcphub/api'
import type { ValuePlace } from '@mcphub/api'
import { checkOwnHeader } from '../../proxy/headers.ts'
import type { OwnHeader } from '../../proxy/headers.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import { Secret } from '../../secrets/secret.ts'
import { checkValueFor, expandTemplate, expandUrl } from '../../secrets/template.ts'
import type { ResolvedVariables } from '../../secrets/variables.ts'

export interface RemoteTarget {
  readonly origin: string
  /** path and query */
  readonly path: string
  readonly url: URL
  readonly headers: readonly OwnHeader[]
}

export interface StdioTarget {
  readonly args: readonly (string | Secret)[]
  readonly env: ReadonlyMap<string, string | Secret>
}

type Values = ResolvedVariables['values']

/** @throws HubError `missing_variable` naming what to set, and how */
export function checkMissing(server: CatalogServer, { missing }: Pick<ResolvedVariables, 'missing'>): void {
  if (missing.length === 0) return
  const commands = missing.map((name) =>
    name.startsWith('ORG_') ? `mcphub secrets set ${name} --org` : `mcphub secrets set ${name}`,
  )
  const [command] = commands
  const text = missing.length === 1 ? `the variable ${missing[0]}` : `the variables ${missing.join(', ')}`
  throw new HubError(
    'missing_variable',
    `Server "${server.name}" needs ${text}, which ${missing.length === 1 ? 'is' : 'are'} not set. Set with: ${commands.join('; ')}`,
    { data: { server: server.name, variables: missing, command, commands } },
  )
}

/** @throws HubError `invalid_variable`, `server_unavailable` (a manifest that cannot work) */
export function expandRemote(server: CatalogServer, values: Values): RemoteTarget {
  const remote = server.spec.remote
  if (!remote) throw unusable(server, findUnbuilt(server.spec) ?? 'its manifest has no "remote" part')
  const headers: OwnHeader[] = []
  for (const { name, value } of remote.headers) {
    const expanded = expandChecked(server, value, values, 'header')
    if (expanded === null) continue
    const plain = reveal(expanded)
    const reason = checkOwnHeader(name, plain)
    if (reason !== null) throw invalid(server, findVariables(value), `the header "${name}" cannot be sent: ${reason}`)
    headers.push({ name, value: plain })
  }
  const url = expandRemoteUrl(server, remote, values)
  return { origin: url.origin, path: url.pathname + url.search, url, headers }
}

/** @throws HubError `invalid_variable` */
export function expandStdio(server: CatalogServer, values: Values): StdioTarget {
  const stdio = server.spec.stdio
  if (!stdio) throw unusable(server, 'its manifest has no "stdio" part')
  const args: (string | Secret)[] = []
  for (const text of stdio.args) {
    const arg = expandChecked(server, text, values, 'args')
    if (arg !== null) args.push(arg)
  }
  const env = new Map<string, string | Secret>()
  for (const { name, value } of stdio.env) {
    const expanded = expandChecked(server, value, values, 'env')
    if (expanded !== null) env.set(name, expanded)
  }
  return { args, env }
}

function expandRemoteUrl(
  server: CatalogServer,
  remote: NonNullable<CatalogServer['spec']['remote']>,
  values: Values,
): URL {
  const names = findVariables(remote.url)
  if (names.length > 0 && !remote.allowInUrl) throw unusable(server, 'its url names a variable without "allowInUrl"')
  checkValues(server, names, values, 'url')
  const expanded = expandUrl(remote.url, values)
  if (expanded === null) throw invalid(server, names, 'its url needs them')
  const url = URL.parse(reveal(expanded))
  if (!url) throw invalid(server, names, 'its url is not one')
  const reason = checkRemoteUrl(url, remote.insecure === 'Allow')
  if (reason !== null) throw unusable(server, reason)
  // a value may fill a path segment or a query, never choose whom the hub talks to
  const shape = URL.parse(reveal(expandUrl(remote.url, new Map(names.map((name) => [name, new Secret('v')])))!))
  if (names.length > 0 && shape?.origin !== url.origin) throw unusable(server, 'its url has a variable in its host')
  return url
}

/** Why the hub does not talk to this URL, or null. Redirects are never followed, so this is asked once. */
export function checkRemoteUrl(url: URL, insecureAllowed: boolean): string | null {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'its url is neither https nor http'
  if (url.username !== '' || url.password !== '') return 'its url holds a user name or password; use a header'
  if (url.protocol === 'http:' && !insecureAllowed && !isLoopback(url.hostname)) {
    return 'its url is plain http to another host; use https, or say "insecure: Allow"'
  }
  return null
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}

function expandChecked(server: CatalogServer, text: string, values: Values, place: ValuePlace): string | Secret | null {
  checkValues(server, findVariables(text), values, place)
  return expandTemplate(text, values)
}

function checkValues(server: CatalogServer, names: readonly string[], values: Values, place: ValuePlace): void {
  for (const name of names) {
    const value = values.get(name)
    if (!value) continue
    const format = server.userVariables.find((variable) => variable.name === name)?.format ?? 'Line'
    const reason = checkValueFor(place, value.reveal(), format)
    if (reason !== null) throw invalid(server, [name], reason)
  }
}

function reveal(text: string | Secret): string {
  return typeof text === 'string' ? text : text.reveal()
}

function unusable(server: CatalogServer, reason: string): HubError {
  return new HubError('server_unavailable', `Server "${server.name}" cannot be used: ${reason}`, {
    data: { server: server.name },
  })
}

function invalid(server: CatalogServer, variables: readonly string[], reason: string): HubError {
  const named = variables.length > 0 ? ` (${variables.join(', ')})` : ''
  return new HubError('invalid_variable', `Server "${server.name}" cannot be called${named}: ${reason}`, {
    data: { server: server.name, variables },
  })
}
