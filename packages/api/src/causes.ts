// Why something is as it is, in closed unions of codes: what the hub says to people in English it says to the console as code and parameters,
// which has a sentence for each in every language. A code is never taken away or given another meaning; its parameters are named beside it.
import { z } from 'zod'
import { said } from './sentences.ts'

/** What a sentence made from a code is filled with. Names, times and counts; never a value of a variable. */
export const codeParams = z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]))
export type CodeParams = z.infer<typeof codeParams>

/** Why a person does not see, or cannot use, a tool; of several that apply the first is told. */
export const EXPLAIN_CAUSES = [
  /** nothing of this name that the person may know of; `name` */
  'unknown',
  /** no access to the server; `server`, `groups`: UserGroups that give it (administrators alone are told) */
  'entitlement',
  /** no active personal group shows the server; `server`, `groups`: personal groups of the person that have it */
  'groupOff',
  /** the key is made for other servers; `server` */
  'keyScope',
  /** the key is made for a personal group that is no more; `server` */
  'keyGroupGone',
  /** `spec.enabled: false`; `server` */
  'disabled',
  /** a rule of the manifest or of a UserGroup; `server`, `tool`, `reason` (English) */
  'denied',
  /** its definition changed since it was approved, and the server says `Hold`; `server`, `tool` */
  'held',
  /** `server`, `variables`: the names without a value */
  'missingVariable',
  /** it answered 401 or 403 to what the hub sends for this person; `server`, `variables`: what it gets of the person, may be empty */
  'credentialRefused',
  /** its package, its sandbox or its last connection failed; `server`, `reason` (English) */
  'broken',
  /** two servers claim a prefix, or two tools would have the same name: not shown; `name`, `servers` */
  'nameCollision',
  /** the tool runs as a task, which this client cannot follow; `tool`, `client` (as it calls itself, may be empty), `revision` */
  'clientTooOld',
  /** the last login is too long ago */
  'loginExpired',
  /** nothing was ever listed from the server; `server` */
  'undiscovered',
  /** the last discovery of the server found no such tool; `server`, `tool` */
  'notOffered',
] as const
export const explainCause = z.enum(EXPLAIN_CAUSES)
export type ExplainCause = z.infer<typeof explainCause>

/** What helps; `target` is the name the act is about, null where there is none. */
export const FIX_KINDS = [
  /** target: the variable */
  'setVariable',
  /** target: a personal group that has the server; null: make one, or add it */
  'turnGroupOn',
  /** another key, or one without a scope */
  'widenKey',
  /** only an administrator can; target: the server */
  'askAdmin',
  /** target: the server */
  'waitOrRestart',
  /** a newer client */
  'update',
  /** the prefix of a server; target: the server */
  'rename',
  'logIn',
  /** the name was mistyped: look at the list; target: the server whose tools to look at, null = all */
  'chooseAnother',
] as const
export const explainFix = z.object({ kind: z.enum(FIX_KINDS), target: z.string().nullable() })
export type ExplainFix = z.infer<typeof explainFix>

/** Behind `status` of a server: what exactly stands in the way. */
export const SERVER_STATUS_CODES = [
  'ready',
  'undiscovered',
  /** `variables`; `organisation`: those only an administrator can set */
  'missingVariable',
  /** `message` (English) */
  'packageInstalling',
  'packageWaiting',
  /** `message` (English); `retryAt` where it is tried again */
  'packageFailed',
  'packageRetried',
  /** it names an image, and this hub runs packages only */
  'imageNeedsCluster',
  /** this version of the hub cannot run servers of its `type` */
  'unbuilt',
  /** its last use failed; `message` (English) */
  'fault',
  'disabled',
] as const
export const serverStatusCode = z.enum(SERVER_STATUS_CODES)
export type ServerStatusCode = z.infer<typeof serverStatusCode>

/** What runs of a server for the person who asks. */
export const SERVER_STATE_CODES = [
  /** nothing to run: it is remote, or part of the hub */
  'nothingRuns',
  /** starts with the next call */
  'asleep',
  /** `since` where it is known */
  'starting',
  /** `since` where it is known */
  'running',
  'ending',
  /** `message` (English) where one is known */
  'startFailed',
] as const
export const serverState = z.object({
  kind: z.enum(['Asleep', 'Starting', 'Running', 'Failed', 'None']),
  code: z.enum(SERVER_STATE_CODES),
  params: codeParams,
  /** the `message` of the parameters */
  said,
})
export type ServerState = z.infer<typeof serverState>

/** What is to be said of one sandbox. */
export const SANDBOX_CODES = [
  /** `message` (English): what it waits for, where that is known */
  'starting',
  'running',
  'ending',
  /** `message` (English) */
  'failed',
  /** runs, and its last start or call failed before; `message` (English) */
  'runningAfterFault',
] as const
export const sandboxCode = z.enum(SANDBOX_CODES)
export type SandboxCode = z.infer<typeof sandboxCode>

/** How a verification of a variable came out; `verified`: the server took it. */
export const VERIFY_CODES = [
  'verified',
  /** the tool said that it failed: most often the value is wrong; `server`, `tool` */
  'toolFailed',
  /** the call did not get so far; the error code says why; `server`, `tool` */
  'notCalled',
] as const
export const verifyCode = z.enum(VERIFY_CODES)
export type VerifyCode = z.infer<typeof verifyCode>
