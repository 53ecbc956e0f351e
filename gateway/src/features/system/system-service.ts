// How the hub is as a whole. Each replica says every few seconds that it is there and how busy; any of them can tell of all.
import type { SystemResponse } from '@mcphub/api'
import type { ReplicaFacts, ReplicasStore } from './replicas-store.ts'

export interface OperatorState {
  /** the pod that leads; null: nobody does */
  readonly holder: string | null
  readonly renewedAt: Date | null
  readonly isLive: boolean
}

export interface SystemDeps {
  readonly store: ReplicasStore
  /** of this replica, in this life */
  readonly name: string
  readonly version: string
  readonly facts: () => ReplicaFacts
  readonly databasePool: () => SystemResponse['database']['pool']
  readonly sandboxes: () => readonly { readonly state: string }[]
  readonly audit: () => SystemResponse['audit']
  /** id of the key that seals now */
  readonly keyId: () => string
  /** null: there is none here, or it cannot be seen from here */
  readonly operator: () => Promise<OperatorState | null>
  readonly onFault?: (step: string, error: unknown) => void
  readonly beatMs?: number
}

export interface SystemService {
  describe(): Promise<SystemResponse>
  start(): void
  stop(): Promise<void>
}

const BEAT_MS = 5_000
/** three beats */
const LIVE_MS = 15_000
const SHOWN_MS = 60_000

export function createSystemService(deps: SystemDeps): SystemService {
  const { store, name, version, onFault, beatMs = BEAT_MS } = deps
  const startedAt = new Date()
  let timer: NodeJS.Timeout | null = null
  let last: Promise<void> = Promise.resolve()
  const beat = (): void => {
    last = last
      .then(() => store.beat({ name, version, startedAt, facts: deps.facts() }))
      .catch((thrown: unknown) => onFault?.('say that this replica is there', thrown))
  }
  return {
    async describe() {
      const keyId = deps.keyId()
      const [{ now, replicas }, database, operator, sealed] = await Promise.all([
        store.list(SHOWN_MS),
        store.describeDatabase(),
        deps.operator(),
        store.countSealed(keyId),
      ])
      return {
        replicas: replicas.map(({ facts, startedAt: since, seenAt, ...replica }) => ({
          ...replica,
          ...facts,
          startedAt: since.toISOString(),
          seenAt: seenAt.toISOString(),
          isLive: now.getTime() - seenAt.getTime() <= LIVE_MS,
          isThis: replica.name === name,
        })),
        database: { ...database, pool: deps.databasePool() },
        operator: operator && { ...operator, renewedAt: operator.renewedAt?.toISOString() ?? null },
        sandboxes: countStates(deps.sandboxes()),
        audit: deps.audit(),
        keyRing: { keyId, ...sealed },
      }
    },
    start() {
      timer = setInterval(beat, beatMs).unref()
      beat()
    },
    async stop() {
      if (timer !== null) clearInterval(timer)
      timer = null
      await last
      await store.leave(name).catch((thrown: unknown) => onFault?.('say that this replica has gone', thrown))
    },
  }
}

function countStates(sandboxes: readonly { readonly state: string }[]): SystemResponse['sandboxes'] {
  const count = (state: string): number => sandboxes.filter((one) => one.state === state).length
  const [running, starting, failed] = [count('Running'), count('Starting'), count('Failed')]
  return { running, starting, failed, other: sandboxes.length - running - starting - failed }
}
