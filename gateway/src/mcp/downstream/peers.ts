// Port to the other replicas of this hub. Live state is one replica's own; what is handed out of it names the replica, so that
// another one that meets the handle knows whom to ask: one hop, never two. What names nobody is told to all. On one machine there are no others.
import { randomBytes } from 'node:crypto'
import type { CallHandle, CallSink, JsonObject, RpcAnswer } from '../upstream/upstreams.ts'

export interface Peers {
  /** this replica, in this life: another name after each start */
  readonly self: string
  /** there are no others now: nobody needs to be told anything */
  readonly isAlone: boolean
  /** null: there is no such replica (any more), and its live state is gone with it */
  find(name: string): Peer | null
  /** To every other replica, in this order. Never waits, never throws; who cannot be reached has lost its live state or will look itself. */
  tell(notice: PeerNotice): void
  /** From now on the others reach this one, to the end of both. */
  serve(replica: LocalReplica): void
}

export interface Peer {
  /** Its faults come through the sink: `invalid_params` where nothing is parked under that id, or not in that round, or the replica is gone */
  resume(retry: ParkedRetry, sink: CallSink): CallHandle
}

/** What the others may ask of this replica. */
export interface LocalReplica {
  /** @throws HubError `invalid_params` */
  resume(retry: ParkedRetry, sink: CallSink): CallHandle
  hear(notice: PeerNotice): void
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

/** Names a session among those of its key; it is no credential. */
export interface SessionRef {
  readonly id: string
  readonly userId: string
  readonly keyId: string
}

/** What befell a session here and may concern live state of it elsewhere. Hearing one twice does no more than hearing it once, but for `push`. */
export type PeerNotice =
  | { readonly kind: 'cancel'; readonly session: SessionRef; readonly idJson: string }
  /** of the client, to a question of a server */
  | { readonly kind: 'answer'; readonly session: SessionRef; readonly id: string; readonly answer: RpcAnswer }
  | { readonly kind: 'end'; readonly session: SessionRef }
  /** for the stream of the session; `unlessHeard`: not where that server is heard directly */
  | { readonly kind: 'push'; readonly session: SessionRef; readonly json: string; readonly unlessHeard: string | null }
  | { readonly kind: 'unsubscribe'; readonly session: SessionRef; readonly server: string; readonly uri: string }
  | { readonly kind: 'level'; readonly session: SessionRef; readonly level: string }
  | { readonly kind: 'roots'; readonly session: SessionRef }
  /** calls that were counted, by the name they are counted under */
  | { readonly kind: 'usage'; readonly calls: Readonly<Record<string, number>> }

export function createLonePeers(): Peers {
  return {
    self: randomBytes(9).toString('base64url'),
    isAlone: true,
    find: () => null,
    tell: () => undefined,
    serve: () => undefined,
  }
}
