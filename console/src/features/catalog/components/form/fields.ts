// Which fields of a manifest the form shows, in which order. What is not named here is kept as it is, and said (left-out.ts). Pure.
import type { Kind } from '../kind.ts'
import { isData, valueAt, type Data, type Path } from './manifest.ts'

export type Control =
  | 'line'
  | 'text'
  | 'number'
  | 'choice'
  | 'check'
  | 'lines'
  | 'rows'
  | 'labels'
  | 'variables'
  | 'people'
  | 'servers'

export interface FormField {
  readonly path: Path
  /** of its words: field.<text>, and help.<text> where there is one */
  readonly text: FieldText
  readonly control: Control
  /** what a choice is between, with its words: choice.<text>; what holds without one comes first */
  readonly choices?: Readonly<Record<string, ChoiceText>>
  /** of a check that the manifest does not name */
  readonly isOn?: boolean
  /** stays in the text when it is empty, since it says what the rest is of */
  readonly isKept?: true
}

export interface FormSection {
  readonly text: 'about' | 'source' | 'given' | 'access' | 'running' | 'tools' | 'members' | 'servers' | 'limits'
  readonly fields: readonly FormField[]
}

export type FieldText =
  | 'name'
  | 'displayName'
  | 'description'
  | 'labels'
  | 'enabled'
  | 'active'
  | 'packageName'
  | 'packageVersion'
  | 'bin'
  | 'image'
  | 'command'
  | 'url'
  | 'transport'
  | 'args'
  | 'env'
  | 'headers'
  | 'userVariables'
  | 'access'
  | 'riskLevel'
  | 'isolation'
  | 'idleTimeoutSeconds'
  | 'callTimeoutSeconds'
  | 'cpu'
  | 'memory'
  | 'persistence'
  | 'sessions'
  | 'egress'
  | 'cidrs'
  | 'runtimeClassName'
  | 'prefix'
  | 'allow'
  | 'deny'
  | 'onChange'
  | 'users'
  | 'claims'
  | 'servers'
  | 'matchLabels'
  | 'maxRunningPerUser'
  | 'callsPerMinute'
  | 'startup'

export type ChoiceText =
  | 'groups'
  | 'everyone'
  | 'riskDefault'
  | 'low'
  | 'medium'
  | 'high'
  | 'critical'
  | 'auto'
  | 'sharedSandbox'
  | 'ownSandbox'
  | 'streamableHttp'
  | 'sse'
  | 'forget'
  | 'retain'
  | 'sharedSession'
  | 'isolatedSession'
  | 'noNetwork'
  | 'internet'
  | 'cidrs'
  | 'flag'
  | 'hold'
  | 'onDemand'
  | 'always'

type More = Pick<FormField, 'choices' | 'isOn' | 'isKept'>
const at = (path: string, control: Control, text: FieldText, more: More = {}): FormField => ({
  path: path.split('.'),
  control,
  text,
  ...more,
})

const KEPT: More = { isKept: true }
const NAME_FIELD = at('metadata.name', 'line', 'name', KEPT)

const TITLES = [at('spec.displayName', 'line', 'displayName'), at('spec.description', 'text', 'description')]
const LABELS = at('metadata.labels', 'labels', 'labels')
const ACCESS: readonly FormField[] = [
  at('spec.enabled', 'check', 'enabled', { isOn: true }),
  at('spec.access', 'choice', 'access', { choices: { Groups: 'groups', Everyone: 'everyone' } }),
  at('spec.riskLevel', 'choice', 'riskLevel', {
    choices: { '': 'riskDefault', Low: 'low', Medium: 'medium', High: 'high', Critical: 'critical' },
  }),
  at('spec.isolation', 'choice', 'isolation', {
    choices: { Auto: 'auto', Shared: 'sharedSandbox', PerUser: 'ownSandbox' },
  }),
]
const SERVER_TOOLS: readonly FormField[] = [
  at('spec.tools.prefix', 'line', 'prefix'),
  at('spec.tools.allow', 'lines', 'allow'),
  at('spec.tools.deny', 'lines', 'deny'),
  at('spec.tools.onChange', 'choice', 'onChange', { choices: { Flag: 'flag', Hold: 'hold' } }),
  at('spec.callTimeoutSeconds', 'number', 'callTimeoutSeconds'),
]
const VARIABLES = at('spec.userVariables', 'variables', 'userVariables')

const REMOTE_SOURCE = [
  at('spec.remote.url', 'line', 'url', KEPT),
  at('spec.remote.transport', 'choice', 'transport', { choices: { StreamableHttp: 'streamableHttp', Sse: 'sse' } }),
]
const REMOTE_GIVEN = [at('spec.remote.headers', 'rows', 'headers'), VARIABLES]
const STDIO_GIVEN = [at('spec.stdio.args', 'lines', 'args'), at('spec.stdio.env', 'rows', 'env'), VARIABLES]

const packageSource = (registry: 'npm' | 'pypi'): readonly FormField[] => [
  at(`spec.stdio.package.${registry}.name`, 'line', 'packageName', KEPT),
  at(`spec.stdio.package.${registry}.version`, 'line', 'packageVersion', KEPT),
  at('spec.stdio.package.bin', 'line', 'bin'),
]
const IMAGE_SOURCE = [at('spec.stdio.image', 'line', 'image', KEPT), at('spec.stdio.command', 'lines', 'command')]

function runningOf(data: Data): readonly FormField[] {
  const cidrs = at('spec.stdio.egress.cidrs', 'lines', 'cidrs')
  const wantsCidrs =
    valueAt(data, ['spec', 'stdio', 'egress', 'mode']) === 'Cidrs' || valueAt(data, cidrs.path) !== undefined
  return [
    at('spec.stdio.idleTimeoutSeconds', 'number', 'idleTimeoutSeconds'),
    at('spec.stdio.resources.cpu', 'line', 'cpu'),
    at('spec.stdio.resources.memory', 'line', 'memory'),
    at('spec.stdio.persistence.mode', 'choice', 'persistence', { choices: { None: 'forget', Retain: 'retain' } }),
    at('spec.stdio.sessions', 'choice', 'sessions', {
      choices: { Shared: 'sharedSession', Isolated: 'isolatedSession' },
    }),
    at('spec.stdio.egress.mode', 'choice', 'egress', {
      choices: { None: 'noNetwork', Internet: 'internet', Cidrs: 'cidrs' },
    }),
    ...(wantsCidrs ? [cidrs] : []),
    at('spec.stdio.runtimeClassName', 'line', 'runtimeClassName'),
  ]
}

function sourceOf(data: Data): readonly FormField[] {
  const stdio = valueAt(data, ['spec', 'stdio'])
  if (!isData(stdio)) return []
  if ('image' in stdio) return IMAGE_SOURCE
  return packageSource(valueAt(stdio, ['package', 'pypi']) === undefined ? 'npm' : 'pypi')
}

/** `isNew`: the name is still to be given. */
export function sectionsOf(kind: Kind, data: Data, isNew: boolean): readonly FormSection[] {
  const about = [...(isNew ? [NAME_FIELD] : []), ...TITLES]
  if (kind === 'UserGroup') return groupSections(about, data)
  const type = valueAt(data, ['spec', 'type'])
  const sections: readonly FormSection[] = [
    { text: 'about', fields: [...about, LABELS] },
    ...(type === 'Remote' ? [{ text: 'source', fields: REMOTE_SOURCE } as const] : []),
    ...(type === 'Remote' ? [{ text: 'given', fields: REMOTE_GIVEN } as const] : []),
    ...(type === 'Stdio' ? [{ text: 'source', fields: sourceOf(data) } as const] : []),
    ...(type === 'Stdio' ? [{ text: 'given', fields: STDIO_GIVEN } as const] : []),
    { text: 'access', fields: ACCESS },
    ...(type === 'Stdio' ? [{ text: 'running', fields: runningOf(data) } as const] : []),
    { text: 'tools', fields: SERVER_TOOLS },
  ]
  return sections
}

const SERVERS = at('spec.servers', 'servers', 'servers', KEPT)
const MATCH_LABELS = at('spec.serverSelector.matchLabels', 'labels', 'matchLabels', KEPT)

/** Whether a group names the labels of its servers instead of the servers. */
export const isByLabel = (data: Data): boolean => valueAt(data, ['spec', 'serverSelector']) !== undefined

function groupSections(about: readonly FormField[], data: Data): readonly FormSection[] {
  // either the one or the other; where a text has both, both are shown: one of them has to go
  const bySelector = isByLabel(data)
  const byName = !bySelector || valueAt(data, SERVERS.path) !== undefined
  return [
    { text: 'about', fields: [...about, at('spec.active', 'check', 'active', { isOn: true })] },
    {
      text: 'members',
      fields: [at('spec.members.users', 'people', 'users'), at('spec.members.claims', 'rows', 'claims')],
    },
    { text: 'servers', fields: [...(byName ? [SERVERS] : []), ...(bySelector ? [MATCH_LABELS] : [])] },
    {
      text: 'limits',
      fields: [
        at('spec.limits.maxRunningPerUser', 'number', 'maxRunningPerUser'),
        at('spec.limits.callsPerMinute', 'number', 'callsPerMinute'),
        at('spec.limits.cpu', 'line', 'cpu'),
        at('spec.limits.memory', 'line', 'memory'),
      ],
    },
    {
      text: 'running',
      fields: [
        at('spec.sandboxes.startup', 'choice', 'startup', { choices: { OnDemand: 'onDemand', Always: 'always' } }),
        at('spec.sandboxes.runtimeClassName', 'line', 'runtimeClassName'),
        at('spec.sandboxes.idleTimeoutSeconds', 'number', 'idleTimeoutSeconds'),
      ],
    },
    {
      text: 'tools',
      fields: [at('spec.tools.allow', 'lines', 'allow'), at('spec.tools.deny', 'lines', 'deny')],
    },
  ]
}
