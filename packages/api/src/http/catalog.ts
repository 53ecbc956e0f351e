// Contracts of writing the catalogue: a manifest as text and as data, who owns which field of it, what is wrong with it, and what a change
// of it would mean for people.
import { z } from 'zod'
import { codeParams } from '../causes.ts'
import { resourceName } from '../crds/meta.ts'
import { said } from '../sentences.ts'

export const catalogKind = z.enum(['McpServer', 'UserGroup'])
export type CatalogKind = z.infer<typeof catalogKind>

/** Of one document as text; of a spec as JSON, too. */
export const MANIFEST_CHARACTERS = 256 * 1024
/** One document: apiVersion, kind, metadata and spec. */
const manifestText = z.string().min(1).max(MANIFEST_CHARACTERS)
/** What the reader saw; opaque. */
const version = z.string().min(1).max(128)

/** Why something is not changed here; each is a sentence of the console. */
export const READ_ONLY_CODES = [
  /** the folder of manifests cannot be written; `folder` */
  'folderReadOnly',
  /** the file cannot be edited one document at a time; `file` */
  'fileNotEditable',
  /** another tool keeps it as it is elsewhere, and would undo a change; `tool`, `name` (its own name for it, may be empty) */
  'gitops',
  /** the hub's service account may not write the catalogue (`rbac.writeCatalog`); `namespace` */
  'writeCatalogOff',
] as const
export const readOnlyCode = z.enum(READ_ONLY_CODES)
export type ReadOnlyCode = z.infer<typeof readOnlyCode>

export const readOnlyReason = z.object({ code: readOnlyCode, params: codeParams })
export type ReadOnlyReason = z.infer<typeof readOnlyReason>

/** Where a resource is declared: a file below the folder of manifests, or a namespace of the cluster. */
export const manifestOrigin = z.union([z.object({ file: z.string() }), z.object({ namespace: z.string() })])
export type ManifestOrigin = z.infer<typeof manifestOrigin>

/** Another tool that keeps a resource as it is elsewhere, and its own name for what it keeps (may be empty). */
export const manifestKeeper = z.object({ tool: z.string(), name: z.string() })
export type ManifestKeeper = z.infer<typeof manifestKeeper>

const fieldOwner = z.object({ field: z.string(), manager: z.string() })
export type FieldOwner = z.infer<typeof fieldOwner>

export const manifestResponse = z.object({
  kind: catalogKind,
  name: z.string(),
  /** the document with its comments; in a cluster what was asked for, without status */
  yaml: z.string(),
  /** as it is written, without defaults; `{}` where it cannot be read */
  spec: z.looseObject({}),
  /** goes back with a change; another one means that somebody else was here */
  version: z.string(),
  origin: manifestOrigin,
  /** in a cluster: which manager set which field, parents before children; empty where there are no managers */
  owners: z.array(fieldOwner),
  /** null: it can be changed here */
  readOnly: readOnlyReason.nullable(),
})
export type ManifestResponse = z.infer<typeof manifestResponse>

/**
 * `yaml`: the whole document. `spec`: the spec alone, as a form gives it; comments of what stays the same are kept. `version`: what the reader
 * saw, null to make it anew.
 */
export const putManifestRequest = z
  .strictObject({
    yaml: manifestText.optional(),
    spec: z
      .record(z.string().max(64), z.unknown())
      .refine((spec) => JSON.stringify(spec).length <= MANIFEST_CHARACTERS, {
        message: `Give at most ${MANIFEST_CHARACTERS} characters`,
      })
      .optional(),
    version: version.nullable(),
  })
  .refine(({ yaml, spec }) => (yaml === undefined) !== (spec === undefined), {
    message: 'give either the yaml or the spec',
    path: ['yaml'],
  })
export type PutManifestRequest = z.infer<typeof putManifestRequest>

export const deleteManifestQuery = z.strictObject({ version })
export type DeleteManifestQuery = z.infer<typeof deleteManifestQuery>

/** In the `data` of a `conflict`: why, and what is there now. */
export const manifestConflict = z.object({
  /** `edited`: changed meanwhile; `exists`: made meanwhile; `gone`: removed meanwhile; `owned`: another manager owns these fields */
  reason: z.enum(['edited', 'exists', 'gone', 'owned']),
  yaml: z.string().nullable(),
  version: z.string().nullable(),
  owners: z.array(fieldOwner),
})
export type ManifestConflict = z.infer<typeof manifestConflict>

/** A document, or the removal of one. */
export const checkManifestRequest = z
  .strictObject({
    yaml: manifestText.optional(),
    /** what the document must be of; `name` null: it is still to be given */
    wanted: z.strictObject({ kind: catalogKind, name: resourceName.nullable() }).optional(),
    remove: z.strictObject({ kind: catalogKind, name: resourceName }).optional(),
  })
  .refine(({ yaml, remove }) => (yaml === undefined) !== (remove === undefined), {
    message: 'give either the yaml or what is removed',
    path: ['yaml'],
  })
export type CheckManifestRequest = z.infer<typeof checkManifestRequest>

/** How many people an effect names. */
export const EFFECT_NAMES = 20

const serverEffect = z.object({
  server: z.string(),
  /** how many people */
  people: z.number().int(),
  /** their handles, or some of them: at most EFFECT_NAMES */
  names: z.array(z.string()),
  /** how many tools any of them gains or loses; null: the server was never discovered */
  tools: z.number().int().nullable(),
})

/** What people gain and lose, by server, those of most people first. */
export const effectResponse = z.object({
  /** everybody for whom anything changes */
  people: z.number().int(),
  gain: z.array(serverEffect),
  lose: z.array(serverEffect),
})
export type EffectResponse = z.infer<typeof effectResponse>

export const checkManifestResponse = z.object({
  faults: z.array(
    z.object({
      line: z.number().int().nullable(),
      /** the field, from the root of the document; null: the document as a whole */
      path: z.string().nullable(),
      message: z.string(),
      said,
    }),
  ),
  /** with all defaults filled in; null while there are faults */
  normalised: z.string().nullable(),
  /** null while there are faults */
  effect: effectResponse.nullable(),
})
export type CheckManifestResponse = z.infer<typeof checkManifestResponse>

export const catalogStateResponse = z.object({
  /** grows with every change of the catalogue */
  revision: z.number().int(),
  /** why nothing can be made or changed here; null: it can */
  readOnly: readOnlyReason.nullable(),
})
export type CatalogStateResponse = z.infer<typeof catalogStateResponse>

/** The catalogue in the form other hubs and editors keep in `mcp_settings.json`; what it has no words for is left out and named. */
export const settingsFileResponse = z.object({
  mcpServers: z.record(z.string(), z.looseObject({})),
  /** servers of which something could not be said, with the fields */
  leftOut: z.array(z.object({ server: z.string(), fields: z.array(z.string()) })),
})
export type SettingsFileResponse = z.infer<typeof settingsFileResponse>
