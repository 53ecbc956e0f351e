// The GET stream of a legacy session: what happens outside any call (list_changed, resource updates, logs).
// A message goes to one stream only (2025-11-25 transports): the oldest one open. A second GET never takes it over, it stands by.
import type { ServerResponse } from 'node:http'
import type { EndpointScope } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import { EventStream } from './event-stream.ts'
import type { ListWatches } from './list-watches.ts'
import type { Peers, SessionRef } from './peers.ts'
import { parseEndpoint } from './request-target.ts'
import type { Session } from './session-table.ts'

/** Editors that lost a connection come back before the old one is seen to be dead. */
export const STREAMS_PER_SESSION = 3

export interface SessionStream {
  readonly principal: Principal
  readonly scope: EndpointScope
  readonly events: EventStream
  /** what is listened to upstream for it */
  lists: ListWatches | null
}

/** The caller has checked the session and the number of its streams. */
export function openSessionStream(
  session: Session,
  res: ServerResponse,
  owner: { readonly principal: Principal; readonly scope: EndpointScope },
): SessionStream {
  const stream: SessionStream = {
    ...owner,
    // without the session's id: its client has just sent it, and node keeps the text of a head as long as the stream
    events: new EventStream(res),
    lists: null,
  }
  session.streams.push(stream)
  res.on('close', () => {
    const at = session.streams.indexOf(stream)
    if (at !== -1) session.streams.splice(at, 1)
    stream.lists?.close()
    // nobody is there to be told; with the next stream they are taken up again
    if (session.streams.length === 0) session.watches?.rest()
  })
  return stream
}

/** False: nobody listens at this replica. */
export function pushHere(session: Session, json: string): boolean {
  const [first] = session.streams
  return first !== undefined && first.events.notify(json)
}

/** On the stream of the session, wherever it is open. `unlessHeard`: a server that a replica with the stream may hear itself. False: nobody listens. */
export function pushToSession(
  session: Session,
  json: string,
  peers: Peers,
  unlessHeard: string | null = null,
): boolean {
  if (session.streams.length > 0) return pushHere(session, json)
  if (peers.isAlone) return false
  peers.tell({ kind: 'push', session: refOf(session), json, unlessHeard })
  return true
}

export function refOf({ id, userId, keyId }: Session): SessionRef {
  return { id, userId, keyId }
}

type Hearer = Pick<SessionStream, 'principal' | 'scope'>

/** As whom the session's client would hear what is pushed to it; null: it has no stream, nor can another replica have one. */
export function hearerOfSession(session: Session, peers: Peers): Hearer | null {
  return session.streams[0] ?? (peers.isAlone ? null : ownHearer(session))
}

/** null: it has made no call here. */
export function ownHearer(session: Session): Hearer | null {
  const endpoint = parseEndpoint(session.endpoint)
  return endpoint === null || session.owner === null
    ? null
    : { principal: session.owner.principal, scope: endpoint.scope }
}
