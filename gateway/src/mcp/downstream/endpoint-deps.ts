// What the MCP endpoint needs from the rest of the gateway; wired in app.ts.
import type { IncomingMessage } from 'node:http'
import { type HubError, LIMITS } from '@mcphub/api'
import type { Access } from '../../access/access.ts'
import type { Authenticator, LivePrincipals } from '../../auth/principal.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Audit } from '../../features/audit.ts'
import type { Discoveries } from '../discovery/discoveries.ts'
import type { Upstreams } from '../upstream/upstreams.ts'
import type { Outcome } from './exchange.ts'
import type { Peers } from './peers.ts'
import type { SessionStore } from './session-store.ts'
import type { Witness } from './witness.ts'

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

interface Waiting {
  grant(slot: { release(): void }): void
  refuse(error: HubError): void
}

/** Slots for calls: platform/fair-queue.ts. */
export interface CallQueue {
  tryAcquire(userId: string, server: string): { release(): void } | null
  wait(userId: string, server: string, waiting: Waiting): { leave(): void }
}

/** Calls per minute: platform/rate-limiter.ts. 0 = allowed, else seconds to wait. */
export interface CallRates {
  take(name: string, perMinute: number): number
  /** calls that another replica counted */
  note?(name: string, calls: number): void
}

/** platform/hub-metrics.ts has these and more. */
export interface EndpointMetrics {
  mcpCall(fact: {
    readonly server: string
    readonly method: string
    readonly outcome: Outcome
    readonly seconds: number
  }): void
  authRefused(edge: 'mcp'): void
  hubError(code: string): void
}

export interface EndpointConfig {
  readonly version: string
  readonly sessionIdleMs: number
  readonly sessionAbsoluteMs: number
  readonly sessionsPerUser: number
  /** an answer becomes a stream when nothing came for so long */
  readonly streamAfterMs: number
  /** a silent stream says a word this often, so that nobody on the way takes it for dead */
  readonly keepAliveMs: number
  /** how long a call whose server asked something waits for its client */
  readonly parkedCallMs: number
  /** and how many of one user may */
  readonly parkedCallsPerUser: number
  readonly tickMs: number
}

export const ENDPOINT_DEFAULTS: EndpointConfig = {
  version: '0.1.0',
  sessionIdleMs: LIMITS.sessionIdleMs,
  sessionAbsoluteMs: LIMITS.sessionAbsoluteMs,
  sessionsPerUser: LIMITS.sessionsPerUser,
  streamAfterMs: 5_000,
  keepAliveMs: LIMITS.keepAliveMs,
  parkedCallMs: LIMITS.parkedCallMs,
  parkedCallsPerUser: LIMITS.parkedCallsPerUser,
  tickMs: 1_000,
}

export interface EndpointDeps {
  readonly authenticator: Authenticator & LivePrincipals
  readonly access: Access
  readonly catalog: Catalog
  readonly upstreams: Upstreams
  readonly discoveries: Discoveries
  readonly sessionStore: SessionStore
  readonly audit: Audit
  /** 32 bytes each, derived from the key ring for this purpose, the current one first */
  readonly sealingKeys: () => readonly Buffer[]
  readonly queue: CallQueue
  readonly rates: CallRates
  readonly metrics: EndpointMetrics
  readonly log: Log
  /** platform/origin.ts; throws HubError `origin_forbidden` */
  readonly checkOrigin: (req: IncomingMessage) => void
  /** default: nobody wants to know */
  readonly witness?: Witness
  /** where the person who sent this logs in again; default: none is known */
  readonly loginUrl?: (req: IncomingMessage) => string
  /** the other replicas; default none */
  readonly peers?: Peers
  readonly config: EndpointConfig
}
