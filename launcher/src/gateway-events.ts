// What the gateway tells its launcher over the process channel, checked before it is believed.
import { z } from 'zod'

const progress = z.object({
  type: z.literal('progress'),
  message: z.string(),
  state: z.enum(['running', 'done', 'failed']).default('running'),
  topic: z.string().optional(),
})
const fatal = z.object({ type: z.literal('fatal'), message: z.string(), fix: z.string().nullish() })
const ready = z.object({
  type: z.literal('ready'),
  endpoint: z.string(),
  /** one-time link for the first administrator; null once there is one */
  setupUrl: z.string().nullish(),
  /** only at the first start, only on loopback; kept nowhere */
  demoKey: z.string().nullish(),
  /** one-time link by which the demo user logs in at the console */
  loginUrl: z.string().nullish(),
  /** the console's own address; null without one */
  consoleUrl: z.string().nullish(),
  separation: z.object({ kind: z.string(), message: z.string() }),
  servers: z.array(z.object({ name: z.string(), variables: z.array(z.string()) })).default([]),
  /** broken manifests and other things that do not keep the hub from serving */
  faults: z.array(z.string()).default([]),
  warnings: z.array(z.string()).default([]),
})

const event = z.discriminatedUnion('type', [progress, fatal, ready])

export type GatewayEvent = z.infer<typeof event>
export type ProgressEvent = z.infer<typeof progress>
export type ReadyEvent = z.infer<typeof ready>
export type FatalEvent = z.infer<typeof fatal>

/** null = not one of ours; a newer gateway may tell more than this launcher knows */
export function parseGatewayEvent(message: unknown): GatewayEvent | null {
  const parsed = event.safeParse(message)
  return parsed.success ? parsed.data : null
}
