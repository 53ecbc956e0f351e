// Where a manifest may hold `${…}`, and which variables of the hub a text names. Pure; gateway and operator read manifests by
// this one list.
import type { McpServerSpec } from './crds/mcp-server.ts'

/** A reference that can be resolved: the same names as `USER_VARIABLE` and `ORG_VARIABLE` of the McpServer schema. */
export const VARIABLE_REFERENCE = /\$\{(USER_[A-Z][A-Z0-9_]{0,58}|ORG_[A-Z][A-Z0-9_]{0,59})\}/g

/** Where a manifest puts a value. */
export type ValuePlace = 'header' | 'env' | 'args' | 'url'

export interface TemplateText {
  /** field of the spec, e.g. `remote.headers[0].value` */
  readonly field: string
  readonly place: ValuePlace
  readonly text: string
}

/** Names of the `${USER_*}` and `${ORG_*}` references, each once, in order of first appearance. */
export function findVariables(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(VARIABLE_REFERENCE), (match) => match[1]!))]
}

/** Every text of the spec that is expanded before a call or a start, in the order it stands in the schema. */
export function listTemplates({ remote, stdio }: Pick<McpServerSpec, 'remote' | 'stdio'>): TemplateText[] {
  return [
    ...(remote ? [{ field: 'remote.url', place: 'url' as const, text: remote.url }] : []),
    ...(remote?.headers ?? []).map((header, i) => ({
      field: `remote.headers[${i}].value`,
      place: 'header' as const,
      text: header.value,
    })),
    ...(stdio?.args ?? []).map((text, i) => ({ field: `stdio.args[${i}]`, place: 'args' as const, text })),
    ...(stdio?.env ?? []).map((entry, i) => ({
      field: `stdio.env[${i}].value`,
      place: 'env' as const,
      text: entry.value,
    })),
  ]
}

/** User variables of a server: those it names, in order of first appearance, then those it declares and names nowhere. */
export function listUserVariables(spec: Pick<McpServerSpec, 'remote' | 'stdio' | 'userVariables'>): string[] {
  const named = listTemplates(spec).flatMap(({ text }) => findVariables(text))
  const declared = spec.userVariables.map(({ name }) => name)
  return [...new Set([...named.filter((name) => name.startsWith('USER_')), ...declared])]
}
