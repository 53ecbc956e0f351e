// Port: the last discovery of a server, so that lists need no running server. Postgres in features/discoveries.
import type { JsonObject } from '../upstream/upstreams.ts'

export interface Discovery {
  readonly server: string
  readonly configHash: string
  /** null = shared: from a start without anybody's values, or `discovery: Shared` */
  readonly userId: string | null
  readonly revision: string
  readonly capabilities: JsonObject
  readonly serverInfo: JsonObject | null
  readonly instructions: string | null
  readonly tools: readonly JsonObject[]
  readonly resources: readonly JsonObject[]
  readonly resourceTemplates: readonly JsonObject[]
  readonly prompts: readonly JsonObject[]
  readonly discoveredAt: Date
}

/** How the change feed names one: server and owner (empty = shared). */
export const toSubject = (server: string, userId: string | null): string => `${server}/${userId ?? ''}`
export const fromSubject = (subject: string): { server: string; userId: string | null } => {
  const [server = '', userId = ''] = subject.split('/')
  return { server, userId: userId === '' ? null : userId }
}

export interface DiscoveryStore {
  load(): Promise<readonly Discovery[]>
  find(server: string, userId: string | null): Promise<Discovery | null>
  /** What is newer stays. */
  save(discovery: Discovery): Promise<void>
  forget(server: string, userId: string | null): Promise<void>
}
