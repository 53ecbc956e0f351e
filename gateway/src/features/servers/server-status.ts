// Why a server is or is not usable: a list of named checks over gathered facts; the first that applies is the status, with what to do.
import {
  findSaid,
  findUnbuilt,
  type CodeParams,
  type ServerResponse,
  type ServerState,
  type ServerStatusCode,
} from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { PackageState } from '../../packages/packages.ts'
import type { SandboxInfo } from '../../sandboxes/sandboxes.ts'

export interface ServerFacts {
  readonly server: CatalogServer
  /** null: the server needs no package */
  readonly package: PackageState | null
  /** required variables without a value, for whom the answer is */
  readonly missing: readonly string[]
  /** null: never discovered for whom the answer is */
  readonly toolCount: number | null
  /** it has answered somebody, whoever's its lists are */
  readonly hasAnswered?: boolean
  /** its last fault at work, if nothing succeeded since */
  readonly fault: string | null
  /** what runs of it for whom the answer is */
  readonly sandboxes: readonly SandboxInfo[]
}

type Verdict = Pick<ServerResponse, 'status' | 'statusReason' | 'statusCode' | 'statusParams'>
type Check = (facts: ServerFacts) => Verdict | null

const verdict = (
  status: Verdict['status'],
  statusCode: ServerStatusCode,
  statusReason: string,
  statusParams: CodeParams = {},
): Verdict => ({ status, statusCode, statusReason, statusParams })

const checkEnabled: Check = ({ server }) =>
  server.spec.enabled ? null : verdict('Disabled', 'disabled', 'Its manifest says enabled: false')

const checkBuilt: Check = ({ server }) => {
  const unbuilt = findUnbuilt(server.spec)
  return unbuilt === null ? null : verdict('Failed', 'unbuilt', unbuilt, { type: server.spec.type })
}

/** one that has a uid is a custom resource: its images run in pods */
const checkPortable: Check = ({ server: { spec, uid } }) =>
  uid === undefined && spec.type === 'Stdio' && spec.stdio?.image !== undefined && spec.stdio.package === undefined
    ? verdict('Failed', 'imageNeedsCluster', 'It names an image and no package: on one machine only packages run')
    : null

const checkPackage: Check = (facts) => {
  const state = facts.package
  if (state === null || state.state === 'Ready') return null
  if (state.state === 'Installing') {
    return verdict('Installing', 'packageInstalling', state.message, { message: state.message })
  }
  if (state.state === 'Absent') return verdict('Installing', 'packageWaiting', 'Its package waits to be installed')
  const { message, retryAt } = state
  const retry = retryAt === null ? '' : `; tried again at ${retryAt}`
  const name = namePackage(facts.server.spec.stdio?.package)
  const params = { package: name, message, ...(retryAt === null ? {} : { retryAt: String(retryAt) }) }
  const code = retryAt === null ? 'packageFailed' : 'packageRetried'
  return verdict('Failed', code, `Its package ${name} could not be installed: ${message}${retry}`, params)
}

/** As the registry's own tools write it. */
function namePackage(wanted: NonNullable<CatalogServer['spec']['stdio']>['package']): string {
  const { npm, pypi } = wanted ?? {}
  return npm ? `${npm.name}@${npm.version}` : `${pypi?.name ?? ''}==${pypi?.version ?? ''}`
}

const checkVariables: Check = ({ missing }) => {
  if (missing.length === 0) return null
  const commands = missing.map((name) => `mcphub secrets set ${name.startsWith('ORG_') ? '--org ' : ''}${name}`)
  const params = { variables: [...missing], organisation: missing.filter((name) => name.startsWith('ORG_')) }
  return verdict('MissingVariable', 'missingVariable', `It needs ${missing.join(', ')}: ${commands.join('; ')}`, params)
}

const checkFault: Check = ({ fault }) => (fault === null ? null : verdict('Failed', 'fault', fault, { message: fault }))

const checkDiscovered: Check = ({ toolCount, hasAnswered = false }) =>
  toolCount === null && !hasAnswered
    ? verdict('Undiscovered', 'undiscovered', 'Nothing was listed from it yet; its first use does that')
    : null

const CHECKS: readonly Check[] = [
  checkEnabled,
  checkBuilt,
  checkPortable,
  checkPackage,
  checkVariables,
  checkFault,
  checkDiscovered,
]

export function decideStatus(facts: ServerFacts): Verdict {
  for (const check of CHECKS) {
    const found = check(facts)
    if (found !== null) return found
  }
  return verdict('Ready', 'ready', 'Ready')
}

/** Of several the one that is furthest: a person asks whether their next call waits. */
export function decideState({
  server,
  sandboxes,
}: Pick<ServerFacts, 'server' | 'sandboxes'>): Omit<ServerState, 'said'> {
  if (server.spec.type !== 'Stdio') return { kind: 'None', code: 'nothingRuns', params: {} }
  const find = (state: SandboxInfo['state']) => sandboxes.find((one) => one.state === state)
  const running = find('Running')
  if (running) return { kind: 'Running', code: 'running', params: sinceOf(running) }
  const starting = find('Starting')
  if (starting) return { kind: 'Starting', code: 'starting', params: sinceOf(starting) }
  if (find('Ending')) return { kind: 'Asleep', code: 'ending', params: {} }
  const failed = find('Failed')
  if (failed) return { kind: 'Failed', code: 'startFailed', params: messageOf(failed) }
  return { kind: 'Asleep', code: 'asleep', params: {} }
}

const sinceOf = ({ startedAt }: SandboxInfo): CodeParams => (startedAt === null ? {} : { since: startedAt })
const messageOf = ({ lastFault }: SandboxInfo): CodeParams => (lastFault === null ? {} : { message: lastFault })

export function presentServer(facts: ServerFacts, faults: readonly string[]): ServerResponse {
  const { server } = facts
  const { spec } = server
  const status = decideStatus(facts)
  const state = decideState(facts)
  return {
    name: server.name,
    displayName: spec.displayName ?? null,
    description: spec.description ?? null,
    type: spec.type,
    prefix: server.prefix,
    riskLevel: spec.riskLevel ?? (spec.type === 'Stdio' ? 'High' : 'Low'),
    access: spec.access,
    sessions: spec.stdio?.sessions ?? null,
    ...status,
    statusSaid: saidOf(status.statusParams),
    state: { ...state, said: saidOf(state.params) },
    isolation: { ...server.isolation },
    package: facts.package && presentPackage(facts.package),
    missingVariables: [...facts.missing],
    toolCount: facts.toolCount,
    faults: [...faults],
  }
}

const saidOf = ({ message }: CodeParams): ServerResponse['statusSaid'] =>
  typeof message === 'string' ? findSaid(message) : []

function presentPackage(state: PackageState): ServerResponse['package'] {
  return { state: state.state, message: 'message' in state ? state.message : null }
}
