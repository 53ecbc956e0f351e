// Why a server is or is not usable: a list of named checks over gathered facts; the first that applies is the status, with what to do.
import type { ServerResponse } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { PackageState } from '../../packages/packages.ts'

export interface ServerFacts {
  readonly server: CatalogServer
  /** null: the server needs no package */
  readonly package: PackageState | null
  /** required variables without a value, for whom the answer is */
  readonly missing: readonly string[]
  /** null: never discovered for whom the answer is */
  readonly toolCount: number | null
  /** its last fault at work, if nothing succeeded since */
  readonly fault: string | null
}

type Verdict = Pick<ServerResponse, 'status' | 'statusReason'>
type Check = (facts: ServerFacts) => Verdict | null

const verdict = (status: Verdict['status'], statusReason: string): Verdict => ({ status, statusReason })

const checkEnabled: Check = ({ server }) =>
  server.spec.enabled ? null : verdict('Disabled', 'Its manifest says enabled: false')

/** one that has a uid is a custom resource: its images run in pods */
const checkPortable: Check = ({ server: { spec, uid } }) =>
  uid === undefined && spec.type === 'Stdio' && spec.stdio?.image !== undefined && spec.stdio.package === undefined
    ? verdict('Failed', 'It names an image and no package: on one machine only packages run')
    : null

const checkPackage: Check = (facts) => {
  const state = facts.package
  if (state === null || state.state === 'Ready') return null
  if (state.state === 'Installing') return verdict('Installing', state.message)
  if (state.state === 'Absent') return verdict('Installing', 'Its package waits to be installed')
  const retry = state.retryAt === null ? '' : `; tried again at ${state.retryAt}`
  return verdict('Failed', `Its package could not be installed: ${state.message}${retry}`)
}

const checkVariables: Check = ({ missing }) => {
  if (missing.length === 0) return null
  const commands = missing.map((name) => `mcphub secrets set ${name.startsWith('ORG_') ? '--org ' : ''}${name}`)
  return verdict('MissingVariable', `It needs ${missing.join(', ')}: ${commands.join('; ')}`)
}

const checkFault: Check = ({ fault }) => (fault === null ? null : verdict('Failed', fault))

const checkDiscovered: Check = ({ toolCount }) =>
  toolCount === null ? verdict('Undiscovered', 'Nothing was listed from it yet; its first use does that') : null

const CHECKS: readonly Check[] = [
  checkEnabled,
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
  return verdict('Ready', 'Ready')
}

export function presentServer(facts: ServerFacts, faults: readonly string[]): ServerResponse {
  const { server } = facts
  const { spec } = server
  return {
    name: server.name,
    displayName: spec.displayName ?? null,
    description: spec.description ?? null,
    type: spec.type,
    prefix: server.prefix,
    riskLevel: spec.riskLevel ?? (spec.type === 'Stdio' ? 'High' : 'Low'),
    access: spec.access,
    sessions: spec.stdio?.sessions ?? null,
    ...decideStatus(facts),
    isolation: { ...server.isolation },
    package: facts.package && presentPackage(facts.package),
    missingVariables: [...facts.missing],
    toolCount: facts.toolCount,
    faults: [...faults],
  }
}

function presentPackage(state: PackageState): ServerResponse['package'] {
  return { state: state.state, message: 'message' in state ? state.message : null }
}
