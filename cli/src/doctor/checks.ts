// The checks of this side: each a pure function of the facts, in the order in which one fault explains the next. The hub's own follow.
import { TOOL_COUNT_WARNINGS } from '@mcphub/api'
import type { CheckResponse } from '@mcphub/api'
import { isLoopback, showUrl } from '../hub-url.ts'
import { faultOf, valueOf } from './facts.ts'
import type { DoctorFacts } from './facts.ts'

/** As it is said here: in English. */
export type Finding = Omit<CheckResponse, 'said' | 'fixSaid'> & { readonly side: 'client' | 'hub' }

/** A good word, a fault with its fix, or null: cannot be judged, because an earlier check failed. */
type Verdict =
  | { readonly ok: true; readonly message: string }
  | { readonly ok: false; readonly message: string; readonly fix: string }
  | null

interface Check {
  readonly id: string
  readonly title: string
  readonly severity: 'error' | 'warning'
  readonly judge: (facts: DoctorFacts) => Verdict
}

const good = (message: string): Verdict => ({ ok: true, message })
const bad = (message: string, fix: string): Verdict => ({ ok: false, message, fix })

export function runChecks(facts: DoctorFacts): Finding[] {
  const own = CHECKS.flatMap(({ id, title, severity, judge }): Finding[] => {
    const verdict = judge(facts)
    if (!verdict) return []
    const { ok, message } = verdict
    return [{ id, title, severity, ok, message, fix: verdict.ok ? null : verdict.fix, side: 'client' }]
  })
  return [...own, ...(valueOf(facts.hubChecks) ?? []).map((check): Finding => ({ ...check, side: 'hub' }))]
}

const MINIMUM_NODE = [26, 4] as const
const SKEW_MS = 60_000
const EXPIRY_MS = 7 * 86_400_000
const DAY_MS = 86_400_000

const nodeVersion: Check['judge'] = ({ nodeVersion: version }) => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const enough = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])
  return enough
    ? good(version)
    : bad(
        `${version} is too old`,
        `Use node_modules/.bin/mcphub of the project, which brings its own; else install Node ${MINIMUM_NODE.join('.')}.`,
      )
}

const address: Check['judge'] = ({ target }) => {
  const fault = faultOf(target)
  if (fault) return bad(fault.message, fault.facts.fix ?? 'See mcphub --help')
  const { url, urlSource } = valueOf(target)!
  return good(`${showUrl(url)}, from ${urlSource}`)
}

const encrypted: Check['judge'] = ({ target }) => {
  const found = valueOf(target)
  if (!found) return null
  if (found.url.protocol === 'https:') return good('https')
  return isLoopback(found.url)
    ? good('plain http on this machine only')
    : bad('plain http: your key is readable on the network', 'Use the https address of the hub.')
}

const proxy: Check['judge'] = ({ target, environment: { proxies } }) => {
  const url = valueOf(target)?.url
  if (!url) return null
  const used = url.protocol === 'https:' ? proxies.https : proxies.http
  if (!used) return good('none')
  const bypassed = (proxies.no ?? '').split(',').some((name) => name.trim() === '*' || name.trim() === url.hostname)
  if (bypassed) return good('bypassed for this hub')
  return isLoopback(url)
    ? bad('a proxy stands before a hub on this machine', `Set NO_PROXY=${url.hostname} (and what it holds already).`)
    : good('in use')
}

const reachable: Check['judge'] = ({ health }) => {
  if (!health) return null
  const fault = faultOf(health)
  return fault ? bad(fault.message, fault.facts.fix ?? 'Start the hub: make run') : good('yes')
}

const healthy: Check['judge'] = ({ health }) => {
  const value = valueOf(health)
  if (!value) return null
  return value.status === 'ok'
    ? good('ok')
    : bad(
        `${value.status}, database ${value.database}`,
        'Wait a little; then look at the log of the hub and its database.',
      )
}

const sameVersion: Check['judge'] = ({ health, cliVersion }) => {
  const hub = valueOf(health)?.version
  if (hub === undefined) return null
  const line = (version: string): string => version.split('.').slice(0, 2).join('.')
  return line(hub) === line(cliVersion)
    ? good(hub)
    : bad(`the hub has ${hub}, this command line ${cliVersion}`, 'Use the command line of the hub’s version.')
}

const clocks: Check['judge'] = ({ health, now }) => {
  const value = valueOf(health)
  if (!value) return null
  const skew = Math.abs(Date.parse(value.time) - now)
  return skew <= SKEW_MS
    ? good('agree')
    : bad(
        `differ by ${Math.round(skew / 1000)} s`,
        'Let both machines set their clock by the network (NTP); keys expire by it.',
      )
}

const keyFound: Check['judge'] = ({ target }) => {
  const found = valueOf(target)
  if (!found) return null
  return found.key ? good(`from ${found.keySource}`) : bad('none', 'mcphub login, or --key-file, or MCPHUB_KEY')
}

const keyValid: Check['judge'] = ({ me }) => {
  if (!me) return null
  const fault = faultOf(me)
  const value = valueOf(me)
  return value
    ? good(`${value.username} (${value.role})`)
    : bad(fault!.message, 'mcphub login with another key; an administrator makes one with mcphub keys create')
}

const keyExpiry: Check['judge'] = ({ me, now }) => {
  const value = valueOf(me)
  if (!value?.key) return null
  const { expiresAt } = value.key
  if (expiresAt === null) return good('never')
  const left = Date.parse(expiresAt) - now
  const message = `in ${Math.max(0, Math.floor(left / DAY_MS))} days`
  return left > EXPIRY_MS ? good(message) : bad(message, 'mcphub keys create <name>, then mcphub login with it.')
}

const filesPrivate: Check['judge'] = ({ target, environment }) => {
  const files = (valueOf(target)?.files ?? []).filter(({ mode }) => mode !== null)
  const open = files.filter(({ mode, mine }) => (mode! & 0o077) !== 0 || !mine)
  if (open.length > 0)
    return bad(
      `others may read ${open.map(({ file }) => file).join(', ')}`,
      `chmod 600 ${open.map(({ file }) => file).join(' ')}`,
    )
  return good(files.length > 0 ? 'yes' : `none kept (${environment.credentialsFile})`)
}

const filesUsable: Check['judge'] = ({ target }) => {
  const refused = (valueOf(target)?.files ?? []).filter(({ refusal }) => refusal !== null)
  if (refused.length === 0) return good('yes')
  return bad(
    refused.map(({ file, refusal }) => `${file}: ${refusal}`).join('; '),
    'Write it anew with mcphub login, or remove it.',
  )
}

const folderPrivate: Check['judge'] = ({ folderMode }) => {
  if (folderMode === null) return good('none yet')
  return folderMode & 0o022
    ? bad('others may write to the folder of your credentials', 'chmod 700 ~/.config/mcphub')
    : good('yes')
}

const endpoint: Check['judge'] = ({ endpoint: answer }) => {
  if (!answer) return null
  const value = valueOf(answer)
  if (value?.isJsonRpc) return good('answers')
  const what = value ? `answered ${value.status} and no JSON-RPC` : 'cannot be reached'
  return bad(`/mcp ${what}`, 'A proxy before the hub must pass POST /mcp on, headers and body unchanged.')
}

const variables: Check['judge'] = ({ servers }) => {
  const list = valueOf(servers)
  if (!list) return null
  const missing = [...new Set(list.items.flatMap(({ missingVariables }) => missingVariables))]
  return missing.length === 0
    ? good('all set')
    : bad(`not set: ${missing.join(', ')}`, `printf %s "$VALUE" | mcphub secrets set ${missing[0]}`)
}

const serversWork: Check['judge'] = ({ servers }) => {
  const list = valueOf(servers)
  if (!list) return null
  const failed = list.items.filter(({ status }) => status === 'Failed')
  if (failed.length > 0)
    return bad(`failed: ${failed.map(({ name }) => name).join(', ')}`, `mcphub servers status ${failed[0]!.name}`)
  return list.items.length > 0
    ? good(`${list.items.length} servers`)
    : bad('you may use none', 'Ask an administrator; mcphub explain <server> says why.')
}

const toolCount: Check['judge'] = ({ tools }) => {
  const count = valueOf(tools)?.items.length
  if (count === undefined) return null
  return count < TOOL_COUNT_WARNINGS[0]
    ? good(String(count))
    : bad(
        `${count} tools: editors start to drop some`,
        'Show fewer with groups: mcphub groups create <name> --server <server>',
      )
}

const hubLook: Check['judge'] = ({ me, hubChecks }) => {
  const value = valueOf(me)
  if (!value) return null
  if (!hubChecks) return good('skipped: only an administrator sees them')
  const fault = faultOf(hubChecks)
  return fault ? bad(fault.message, 'Look at the log of the hub.') : good(`${valueOf(hubChecks)!.length} made`)
}

const CHECKS: readonly Check[] = [
  { id: 'node-version', title: 'Node', severity: 'error', judge: nodeVersion },
  { id: 'address', title: 'Address of the hub', severity: 'error', judge: address },
  { id: 'encrypted', title: 'Encryption', severity: 'error', judge: encrypted },
  { id: 'proxy', title: 'Proxy', severity: 'warning', judge: proxy },
  { id: 'reachable', title: 'Hub reachable', severity: 'error', judge: reachable },
  { id: 'healthy', title: 'Health', severity: 'error', judge: healthy },
  { id: 'same-version', title: 'Version', severity: 'warning', judge: sameVersion },
  { id: 'clocks', title: 'Clocks', severity: 'warning', judge: clocks },
  { id: 'key-found', title: 'Key', severity: 'error', judge: keyFound },
  { id: 'key-valid', title: 'Key accepted', severity: 'error', judge: keyValid },
  { id: 'key-expiry', title: 'Key expires', severity: 'warning', judge: keyExpiry },
  { id: 'files-private', title: 'Credentials private', severity: 'error', judge: filesPrivate },
  { id: 'files-usable', title: 'Credentials usable', severity: 'warning', judge: filesUsable },
  { id: 'folder-private', title: 'Folder private', severity: 'warning', judge: folderPrivate },
  { id: 'endpoint', title: 'MCP endpoint', severity: 'error', judge: endpoint },
  { id: 'variables', title: 'Variables', severity: 'warning', judge: variables },
  { id: 'servers', title: 'Servers', severity: 'warning', judge: serversWork },
  { id: 'tool-count', title: 'Visible tools', severity: 'warning', judge: toolCount },
  { id: 'hub-checks', title: "The hub's own checks", severity: 'error', judge: hubLook },
]
