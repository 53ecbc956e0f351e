// McpSandbox: one per (user, server), made by the gateway under a deterministic name; the operator turns it into a pod.
import { z } from 'zod'
import { LIST_SET, MAP_ATOMIC, rules } from './cel.ts'
import { conditions, observedGeneration, time } from './condition.ts'
import { API_VERSION, objectMeta, resourceName } from './meta.ts'

const uid = z.string().min(1).max(64)

export const mcpSandboxSpec = z
  .strictObject({
    serverRef: z
      .strictObject({
        name: resourceName.describe('Name of the McpServer.'),
        uid: uid.describe('Its metadata.uid, which tells it from a later one of the same name.'),
      })
      .describe('The server it runs. Cannot change.')
      .meta({
        ...MAP_ATOMIC,
        ...rules({
          rule: 'self == oldSelf',
          message: 'the server of a sandbox cannot change; delete the sandbox, the gateway makes another',
        }),
      }),
    userRef: z
      .string()
      .max(52)
      .regex(/^[a-z2-7]{16,52}$/, 'give the keyed hash of the user id')
      .optional()
      .describe("Keyed hash of its person's id; absent for a server shared between people. Cannot change."),
    userGroupRefs: z
      .array(resourceName.describe('Name of a UserGroup.'))
      .max(64)
      .default([])
      .describe('The UserGroups whose limits, runtime class and idle time hold, kept up to date by the gateway.')
      .meta(LIST_SET),
    operatingMode: z
      .enum(['Auto', 'Suspended'])
      .default('Auto')
      .describe('Auto: a pod runs until activeUntilTime. Suspended: none runs, whatever that says.'),
    activeUntilTime: time
      .optional()
      .describe(
        'Until when a pod runs, like a lease: the gateway extends it while calls come. Past or absent: asleep.',
      ),
  })
  .meta(
    rules({
      rule: 'has(self.userRef) == has(oldSelf.userRef) && (!has(self.userRef) || self.userRef == oldSelf.userRef)',
      message: 'the person of a sandbox cannot change; delete the sandbox, the gateway makes another',
      fieldPath: '.userRef',
    }),
  )

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

const failures = z.strictObject({
  count: z.int32().min(0).describe('Starts that failed one after the other.'),
  lastReason: z.enum(SANDBOX_READY_REASONS).optional().describe('Why the last one failed.'),
  nextRetryTime: time.optional().describe('Before then no new start is tried, however often it is asked for.'),
})

export const mcpSandboxStatus = z.strictObject({
  observedGeneration,
  conditions,
  podRef: z
    .strictObject({
      name: z.string().min(1).max(253).describe('Name of the pod.'),
      uid: uid.describe('Its metadata.uid.'),
    })
    .optional()
    .describe('The pod that belongs to it now.')
    .meta(MAP_ATOMIC),
  podIPs: z.array(z.string().max(64).describe('One address.')).max(4).optional().describe('Addresses of that pod.'),
  templateHash: z.string().max(64).optional().describe('Hash of what that pod was made from.'),
  startedTime: time.optional().describe('When that pod was made or taken from the pool.'),
  failures: failures.optional().describe('What went wrong lately; absent once a pod was ready.'),
  shimFingerprint: z
    .string()
    .max(64)
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('SHA-256 of the certificate of the program in that pod that the gateways dial, in hex.'),
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
