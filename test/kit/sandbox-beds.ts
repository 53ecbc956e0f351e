// Both adapters of the port `Sandboxes`, each where it runs for tests, as one thing: the suite in gateway/src/sandboxes/sandboxes.int.test.ts
// asks both the same. The child is the hostile one.
import type { CatalogServer } from '../../gateway/src/catalog/catalog.ts'
import type { AcquireRequest, Child, Sandboxes } from '../../gateway/src/sandboxes/sandboxes.ts'
import { makeDataDir, makeHostileServer, startHostileSandboxes, type LogLine } from './hostile-sandboxes.ts'
import { buildShim, hasGo, makePodServer, PodWorld } from './pod-world.ts'

export interface BedLimits {
  readonly startMs?: number
  readonly idleMs?: number
  readonly evictIdleMs?: number
  readonly isolatedPerUser?: number
}

export interface SandboxBed {
  readonly sandboxes: Sandboxes
  readonly logLines: readonly LogLine[]
  makeServer(...stdio: Parameters<typeof makeHostileServer>): CatalogServer
  acquire(user: string | null, change?: Partial<AcquireRequest>): Promise<Child>
  /** No start comes to its end before the returned function is called. */
  holdStarts(): () => void
  close(): Promise<void>
}

interface SandboxAdapter {
  readonly name: string
  readonly isHere: boolean
  /** once, before any bed */
  readonly prepare: () => void
  readonly open: (limits?: BedLimits) => Promise<SandboxBed>
}

export const SANDBOX_ADAPTERS: readonly SandboxAdapter[] = [
  { name: 'processes', isHere: true, prepare: () => undefined, open: openProcesses },
  { name: 'pods', isHere: hasGo, prepare: buildShim, open: openPods },
]

async function openProcesses(limits: BedLimits = {}): Promise<SandboxBed> {
  const hub = await startHostileSandboxes(makeDataDir(), { config: { limits } })
  const { packageState } = hub
  return {
    sandboxes: hub.sandboxes,
    logLines: hub.logLines,
    makeServer: makeHostileServer,
    acquire: hub.acquire,
    holdStarts() {
      const { current } = packageState
      packageState.current = { state: 'Installing', message: 'installing hostile 1.0.0' }
      return () => {
        packageState.current = current
        packageState.tell()
      }
    },
    close: () => hub.close(),
  }
}

async function openPods(limits: BedLimits = {}): Promise<SandboxBed> {
  const world = await PodWorld.open()
  const { sandboxes, acquire } = await world.startReplica(limits)
  return {
    sandboxes,
    logLines: world.logLines,
    makeServer: makePodServer,
    acquire,
    holdStarts() {
      world.pods.makesPods = false
      return () => void (world.pods.makesPods = true)
    },
    close: () => world.close(),
  }
}
