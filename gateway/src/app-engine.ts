// Composition: what differs between one machine and a cluster (MCPHUB_MODE). Everything else is wired the same over these ports.
import type { Storage } from './app-storage.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { CatalogWriter } from './catalog/writer.ts'
import type { OperatorState } from './features/system/system-service.ts'
import type { Peers } from './mcp/downstream/peers.ts'
import type { Packages } from './packages/packages.ts'
import type { SandboxCounters } from './platform/hub-metrics.ts'
import type { Health } from './platform/health.ts'
import type { Sandboxes } from './sandboxes/sandboxes.ts'

/** Registers the end of what has just begun; what began last ends first. */
export type OnStop = (name: string, run: () => void | Promise<void>) => void

/** Says to whoever started the hub what it is doing. */
export type OnProgress = (
  message: string,
  step?: { readonly topic: string; readonly state: 'running' | 'done' | 'failed' },
) => void

export interface EngineContext {
  readonly storage: Storage
  readonly sandboxMetrics: SandboxCounters
  readonly onProgress: OnProgress
  readonly onStop: OnStop
  readonly health: Health
}

export interface Engine {
  readonly packages: Packages
  readonly sandboxes: Sandboxes
  readonly peers: Peers
  /** What the catalogue names is brought here before anybody calls; `onReady` hears what came. Returns the end of it. */
  keepReady(onReady: (server: string) => void): () => void | Promise<void>
}

/** One machine or a cluster. */
export interface Ground {
  /** started */
  readonly catalog: Catalog
  readonly writer: CatalogWriter
  /** null: there is none here, or it cannot be seen */
  readonly readOperator: () => Promise<OperatorState | null>
  /** Nothing of the sandboxes has started when it returns. @throws HubError with the reason when the gateway must not start */
  openEngine(context: EngineContext): Promise<Engine>
}
