// Port to the other replicas of this hub (design.md §2). Live state is one replica's own; what is handed out of it names the replica, so that
// another one that meets the handle knows whom to ask: one hop, never two. On one machine there are no others.
import { randomBytes } from 'node:crypto'
import type { CallHandle, CallSink, JsonObject } from '../upstream/upstreams.ts'

export interface Peers {
  /** this replica, in this life: another name after each start */
  readonly self: string
  /** null: there is no such replica (any more), and its live state is gone with it */
  find(name: string): Peer | null
}

export interface Peer {
  /** @throws HubError `invalid_params` where nothing is parked under that id, or not in that round */
  resume(retry: ParkedRetry, sink: CallSink): CallHandle
}

/** A client that comes back to its parked call. Who it is and what it asks was checked before: the handle opened for nobody else. */
export interface ParkedRetry {
  readonly id: string
  readonly round: number
  /** by the keys the questions were given */
  readonly responses: ReadonlyMap<string, JsonObject>
  /** of the retry, as JSON text */
  readonly idJson: string
  readonly progressToken: string | number | undefined
  readonly clientCapabilities: JsonObject
}

export function createLonePeers(): Peers {
  return { self: randomBytes(9).toString('base64url'), find: () => null }
}
