// The GET stream of a legacy session: what happens outside any call (list_changed, resource updates, logs).
// A message goes to one stream only (2025-11-25 transports): the oldest one open. A second GET never takes it over, it stands by.
import type { ServerResponse } from 'node:http'
import type { EndpointScope } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import { EventStream } from './event-stream.ts'
import type { ListWatches } from './list-watches.ts'
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

/** False: nobody listens. */
export function pushToSession(session: Session, json: string): boolean {
  const [first] = session.streams
  return first !== undefined && first.events.notify(json)
}
