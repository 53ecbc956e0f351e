// From a checked manifest to what the gateway works with: derived variables, isolation, prefix, config hash. Pure.
import { createHash } from 'node:crypto'
import { ORG_VARIABLE, decideIsolation, listUserVariables, userVariableSpec } from '@mcphub/api'
import type { McpServerSpec, UserVariableSpec } from '@mcphub/api'
import type { CatalogServer } from './catalog.ts'
import { variablePlaces } from './templates.ts'

export interface DeclaredServer {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: McpServerSpec
}

export function deriveServer({ name, labels, spec }: DeclaredServer): CatalogServer {
  const named = [...variablePlaces(spec).keys()]
  const userVariables = deriveUserVariables(spec)
  const isolation = decideIsolation(spec)
  return {
    name,
    prefix: prefixOf(name, spec),
    labels,
    spec,
    configHash: hashConfig(name, spec, isolation.mode),
    isolation,
    userVariables,
    orgVariables: named.filter((variable) => ORG_VARIABLE.test(variable)),
  }
}

export function prefixOf(name: string, spec: McpServerSpec): string {
  return spec.tools.prefix ?? name
}

/** One that is not declared has the defaults. */
function deriveUserVariables(spec: McpServerSpec): UserVariableSpec[] {
  const declared = new Map(spec.userVariables.map((variable) => [variable.name, variable]))
  return listUserVariables(spec).map((name) => declared.get(name) ?? userVariableSpec.parse({ name }))
}

/**
 * Only what shapes a call or a child goes in: another description, label or tool filter must not restart anybody's sandbox
 * nor forget what was discovered.
 */
function hashConfig(name: string, spec: McpServerSpec, mode: 'Shared' | 'PerUser'): string {
  const { type, remote, stdio, openApi, builtin, protocol, callTimeoutSeconds, discovery } = spec
  const variables = spec.userVariables.map((variable) => ({
    name: variable.name,
    required: variable.required,
    format: variable.format,
  }))
  const config = {
    name,
    mode,
    type,
    remote,
    stdio,
    openApi,
    builtin,
    protocol,
    callTimeoutSeconds,
    discovery,
    variables,
  }
  return createHash('sha256').update(canonicalJson(config)).digest('hex')
}

/** JSON with sorted keys and without undefined members: the same text for equal values, whatever order they were written in. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}
