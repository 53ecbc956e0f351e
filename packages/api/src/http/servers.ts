// Contracts of servers as a user and as an administrator sees them.
import { z } from 'zod'
import { codeParams, serverState, serverStatusCode } from '../causes.ts'
import { said } from '../sentences.ts'
import { manifestKeeper, manifestOrigin } from './catalog.ts'
import { time } from './common.ts'
import { templateVariable } from './variables.ts'

/** What stands in the way, the first that applies. `Undiscovered`: usable, but nothing was ever listed from it. */
export const serverStatus = z.enum(['Ready', 'Undiscovered', 'MissingVariable', 'Installing', 'Failed', 'Disabled'])

export const serverResponse = z.object({
  name: z.string(),
  displayName: z.string().nullable(),
  description: z.string().nullable(),
  type: z.enum(['Remote', 'Stdio', 'OpenApi', 'Builtin']),
  prefix: z.string(),
  riskLevel: z.enum(['Low', 'Medium', 'High', 'Critical']),
  access: z.enum(['Everyone', 'Groups']),
  sessions: z.enum(['Shared', 'Isolated']).nullable(),
  status: serverStatus,
  /** one sentence that explains `status` and what to do */
  statusReason: z.string(),
  /** what `statusReason` says, for other languages */
  statusCode: serverStatusCode,
  statusParams: codeParams,
  /** the `message` of the parameters */
  statusSaid: said,
  /** what runs of it for whom the answer is */
  state: serverState,
  isolation: z.object({ mode: z.enum(['Shared', 'PerUser']), reason: z.string() }),
  /** stdio servers from a package only */
  package: z
    .object({ state: z.enum(['Ready', 'Installing', 'Failed', 'Absent']), message: z.string().nullable() })
    .nullable(),
  missingVariables: z.array(z.string()),
  /** null: never discovered for this user */
  toolCount: z.number().int().nullable(),
  /** faults of its manifest and its last fault at work */
  faults: z.array(z.string()),
})
export type ServerResponse = z.infer<typeof serverResponse>

export const separationResponse = z.object({
  kind: z.enum(['Uid', 'Namespaces', 'ProcessOnly', 'Pod']),
  message: z.string(),
})

export const serverListResponse = z.object({
  items: z.array(serverResponse),
  /** how well children are kept apart on this host */
  separation: separationResponse,
})
export type ServerListResponse = z.infer<typeof serverListResponse>

export const serverToolResponse = z.object({
  /** the server's own name */
  name: z.string(),
  /** as the aggregate endpoint shows it */
  exposedName: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  /** JSON Schema as the server sent it: another's text, to be read with bounds; `{}` where it sent none */
  inputSchema: z.looseObject({}),
  outputSchema: z.looseObject({}).nullable(),
  /** hints of the server about the tool; nothing to rely on */
  annotations: z.looseObject({}).nullable(),
  /** `flagged`: its definition changed and nobody has looked yet; `held`: and it may not be used until somebody has */
  state: z.enum(['ok', 'flagged', 'held']),
})
export type ServerToolResponse = z.infer<typeof serverToolResponse>

export const serverDetailResponse = serverResponse.extend({
  tools: z.array(serverToolResponse),
  userVariables: z.array(templateVariable),
  discoveredAt: time.nullable(),
})
export type ServerDetailResponse = z.infer<typeof serverDetailResponse>

export const manifestFaultResponse = z.object({
  file: z.string(),
  line: z.number().int().nullable(),
  resource: z.string().nullable(),
  message: z.string(),
  said,
})

export const adminServerResponse = serverResponse.extend({
  configHash: z.string(),
  /** null: it is declared nowhere that is known */
  origin: manifestOrigin.nullable(),
  /** null: nothing is known to undo a change of it */
  managedBy: manifestKeeper.nullable(),
  orgVariables: z.array(z.string()),
  /** open links to it (children and HTTP sessions) */
  links: z.number().int(),
  lastSuccessAt: time.nullable(),
})
export type AdminServerResponse = z.infer<typeof adminServerResponse>

export const adminServerListResponse = z.object({
  items: z.array(adminServerResponse),
  faults: z.array(manifestFaultResponse),
  /** grows with every change of the catalogue */
  revision: z.number().int(),
  separation: separationResponse,
})
export type AdminServerListResponse = z.infer<typeof adminServerListResponse>
