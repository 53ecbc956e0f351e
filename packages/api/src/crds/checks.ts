// Rules across the fields of a McpServer or UserGroup: named pure checks, each `spec → faults`. One field alone is the schema's matter; what
// stands inside `${…}` is the template code's. Fields are relative to the spec. The CRD repeats these rules in CEL.
import type { FieldFault } from '../errors.ts'
import { duplicates, fault, quantities, when } from './check-kit.ts'
import type { Check } from './check-kit.ts'
import { NESTED_REPEAT } from './patterns.ts'
import { REMOTE_CHECKS } from './check-remote.ts'
import { STDIO_CHECKS } from './check-stdio.ts'
import { checkRuntimeClass } from './runtime-class.ts'
import type { McpServerSpec } from './mcp-server.ts'
import type { UserGroupSpec } from './user-group.ts'

/** All violated rules of a server that the schema let through. */
export function checkServer(spec: McpServerSpec): FieldFault[] {
  return SERVER_CHECKS.flatMap((check) => check(spec))
}

/** All violated rules of a UserGroup that the schema let through. */
export function checkUserGroup(spec: UserGroupSpec): FieldFault[] {
  return GROUP_CHECKS.flatMap((check) => check(spec))
}

const MEMBERS = { Remote: 'remote', Stdio: 'stdio', OpenApi: 'openApi', Builtin: 'builtin' } as const

const memberMatchesType: Check<McpServerSpec> = (spec) => {
  const wanted = MEMBERS[spec.type]
  return Object.values(MEMBERS).flatMap((member) => {
    if (member === wanted) return when(!spec[member], member, `type ${spec.type} needs the member "${member}"`)
    return when(Boolean(spec[member]), member, `type ${spec.type} takes "${wanted}" alone; remove "${member}"`)
  })
}

const isolatedNeedsAnOwner: Check<McpServerSpec> = (spec) =>
  when(
    spec.stdio?.sessions === 'Isolated' && spec.isolation === 'Shared',
    'stdio.sessions',
    'sessions: Isolated gives each session a child of its own; that needs isolation: PerUser or Auto',
  )

const namesUserVariable = (spec: McpServerSpec): boolean =>
  [...(spec.stdio?.args ?? []), ...(spec.stdio?.env ?? []).map(({ value }) => value)].some((text) =>
    text.includes('${USER_'),
  )

const sharedChildHasNoUser: Check<McpServerSpec> = (spec) =>
  when(
    spec.type === 'Stdio' && spec.isolation === 'Shared' && (spec.userVariables.length > 0 || namesUserVariable(spec)),
    'isolation',
    "a child shared between users can have no user's values; use isolation: PerUser or Auto",
  )

const userVariablesOnce: Check<McpServerSpec> = ({ userVariables }) =>
  duplicates(
    'userVariables',
    userVariables.map(({ name }) => name),
  )

function compiles(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern, 'u'))
  } catch {
    return false
  }
}

const patternsAreSafe: Check<McpServerSpec> = ({ userVariables }) =>
  userVariables.flatMap(({ pattern }, i) => {
    if (pattern === undefined) return []
    const field = `userVariables[${i}].pattern`
    if (!compiles(pattern)) return fault(field, 'not a regular expression')
    return when(
      NESTED_REPEAT.test(pattern),
      field,
      'a repeated group must not end in a repeat: checking a value could take forever',
    )
  })

const textGoesToEnvOnly: Check<McpServerSpec> = (spec) => {
  const elsewhere = [
    spec.remote?.url ?? '',
    ...(spec.remote?.headers ?? []).map(({ value }) => value),
    ...(spec.stdio?.args ?? []),
  ]
  return spec.userVariables.flatMap(({ name, format }, i) =>
    when(
      format === 'Text' && elsewhere.some((text) => text.includes(`\${${name}}`)),
      `userVariables[${i}].format`,
      'format: Text allows line breaks and may go to stdio.env only',
    ),
  )
}

const verifyNamesAVariable: Check<McpServerSpec> = (spec) => {
  const texts = JSON.stringify([spec.remote, spec.stdio])
  const declared = new Set(spec.userVariables.map(({ name }) => name))
  return spec.verify.flatMap(({ variable }, i) =>
    when(
      !declared.has(variable) && !texts.includes(`\${${variable}}`),
      `verify[${i}].variable`,
      'this server names no such variable',
    ),
  )
}

const overridesOnce: Check<McpServerSpec> = ({ tools }) =>
  duplicates(
    'tools.overrides',
    tools.overrides.map(({ name }) => name),
  )

const SERVER_CHECKS: readonly Check<McpServerSpec>[] = [
  memberMatchesType,
  ({ remote }) => (remote ? REMOTE_CHECKS.flatMap((check) => check(remote)) : []),
  ({ stdio }) => (stdio ? STDIO_CHECKS.flatMap((check) => check(stdio)) : []),
  isolatedNeedsAnOwner,
  sharedChildHasNoUser,
  userVariablesOnce,
  patternsAreSafe,
  textGoesToEnvOnly,
  verifyNamesAVariable,
  overridesOnce,
]

const serversXorSelector: Check<UserGroupSpec> = (spec) =>
  when(
    Boolean(spec.servers) === Boolean(spec.serverSelector),
    'servers',
    spec.servers ? 'give servers or serverSelector, not both' : 'give servers (names) or serverSelector (labels)',
  )

const GROUP_CHECKS: readonly Check<UserGroupSpec>[] = [
  serversXorSelector,
  ({ servers }) => duplicates('servers', servers ?? [], ''),
  ({ members }) => duplicates('members.users', members.users, ''),
  ({ limits }) => quantities('limits', limits),
  ({ sandboxes }) => checkRuntimeClass('sandboxes', sandboxes.runtimeClassName),
]
