// McpSandbox (design.md §4): one per (user, server), made by the gateway under a deterministic name; the operator turns it into a pod.
import { z } from 'zod'
import { API_VERSION, objectMeta, resourceName } from './meta.ts'

const uid = z.string().min(1).max(64)
const time = z.iso.datetime({ offset: true })

export const mcpSandboxSpec = z.strictObject({
  /** Immutable. The UID tells a server from a later one of the same name. */
  serverRef: z.strictObject({ name: resourceName, uid }),
  /** Immutable keyed hash of the user's id; absent for a server shared between users. */
  userRef: z
    .string()
    .regex(/^[a-z2-7]{16,52}$/, 'give the keyed hash of the user id')
    .optional(),
  /** The UserGroups whose limits, runtime class and idle time hold; written by the gateway, read live by the operator. */
  userGroupRefs: z.array(resourceName).max(64).default([]),
  operatingMode: z.enum(['Auto', 'Suspended']).default('Auto'),
  /** A lease: traffic extends it, the operator reaps what has expired even when every gateway is gone. */
  activeUntilTime: time.optional(),
})

/** Why a sandbox is (not) ready: a closed set. */
export const SANDBOX_READY_REASONS = [
  'PodReady',
  'Starting',
  'Suspended',
  'Draining',
  'ImagePullFailed',
  'CrashLoop',
  'Unschedulable',
  'ConfigError',
  'QuotaExceeded',
  'StartupTimeout',
  'Evicted',
] as const
export type SandboxReadyReason = (typeof SANDBOX_READY_REASONS)[number]

export const SANDBOX_CONDITIONS = ['Ready', 'Suspended', 'PodScheduled', 'UpToDate'] as const

export const condition = z.strictObject({
  type: z.string().min(1).max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/),
  message: z.string().max(32_768),
  lastTransitionTime: time,
  observedGeneration: z.int().min(0).optional(),
})
export type Condition = z.infer<typeof condition>

export const mcpSandboxStatus = z.strictObject({
  observedGeneration: z.int().min(0).optional(),
  conditions: z.array(condition).max(16).default([]),
  podRef: z.strictObject({ name: z.string().min(1).max(253), uid }).optional(),
  podIPs: z.array(z.string().max(64)).max(4).optional(),
  templateHash: z.string().max(64).optional(),
  startedTime: time.optional(),
  failures: z
    .strictObject({
      count: z.int32().min(0),
      lastReason: z.enum(SANDBOX_READY_REASONS).optional(),
      nextRetryTime: time.optional(),
    })
    .optional(),
  /** SHA-256 of the shim's certificate, hex */
  shimFingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
})

export const mcpSandbox = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('McpSandbox'),
  metadata: objectMeta,
  spec: mcpSandboxSpec,
  status: mcpSandboxStatus.optional(),
})

export type McpSandbox = z.infer<typeof mcpSandbox>
export type McpSandboxSpec = z.infer<typeof mcpSandboxSpec>
export type McpSandboxStatus = z.infer<typeof mcpSandboxStatus>
