// What the gateway tells its parent process.

/** The launcher checks the same shape (launcher/src/gateway-events.ts). */
export type AppEvent =
  | {
      readonly type: 'progress'
      readonly message: string
      /** absent = a step of the start */
      readonly state?: 'running' | 'done' | 'failed'
      /** lines of one topic replace each other */
      readonly topic?: string
    }
  | { readonly type: 'fatal'; readonly message: string; readonly fix: string | null }
  | {
      readonly type: 'ready'
      readonly endpoint: string
      /** one-time link for the first administrator; null once there is one */
      readonly setupUrl: string | null
      /** only at the first start, only while nothing but loopback is listened on; kept nowhere */
      readonly demoKey: string | null
      /** one-time link by which the demo user logs in at the console; null without one, and once there is an administrator */
      readonly loginUrl: string | null
      /** where the console is; null where there is none */
      readonly consoleUrl: string | null
      readonly metricsUrl: string
      readonly separation: { readonly kind: string; readonly message: string }
      /** of the catalogue, with the variables each person must set */
      readonly servers: readonly { readonly name: string; readonly variables: readonly string[] }[]
      readonly faults: readonly string[]
      readonly warnings: readonly string[]
    }

export type Tell = (event: AppEvent) => void
