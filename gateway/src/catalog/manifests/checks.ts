// Rules across the fields of one manifest: those of the api package, and what only the gateway knows (templates). Pure.
import { checkMetadata, checkServer, checkUserGroup } from '@mcphub/api'
import type { FieldFault, McpServer, UserGroup } from '@mcphub/api'
import { checkTemplates } from '../templates.ts'

/** Fields are from the root of the manifest: `spec.remote.url`. */
export function checkCrossFields(manifest: McpServer | UserGroup): FieldFault[] {
  const spec =
    manifest.kind === 'McpServer'
      ? [...checkServer(manifest.spec), ...checkTemplates(manifest.spec)]
      : checkUserGroup(manifest.spec)
  return [
    ...checkMetadata(manifest.metadata),
    ...spec.map(({ field, message }) => ({ field: `spec.${field}`, message })),
  ]
}

/** `spec.stdio.args[0]` → its segments; the name of a label or annotation may itself hold dots. */
export function segmentsOf(field: string): PropertyKey[] {
  const metadata = /^metadata\.(labels|annotations)\.(.*)$/.exec(field)
  if (metadata) return ['metadata', metadata[1]!, metadata[2]!]
  return field
    .split(/[.[\]]+/)
    .filter(Boolean)
    .map((segment) => (/^\d+$/.test(segment) ? Number(segment) : segment))
}
