// What the other replicas may ask of this one: a parked call taken up again, and word of what befell a session there whose live state is
// here. A session is looked for among those of its own user and key, as if its client had come here (SES-5).
import type { Access } from '../../access/access.ts'
import type { CallHandle, CallSink, Upstreams } from '../upstream/upstreams.ts'
import type { CallRates, Log } from './endpoint-deps.ts'
import type { ParkedCalls } from './parked-calls.ts'
import type { LocalReplica, ParkedRetry, PeerNotice, SessionRef } from './peers.ts'
import { acceptAnswer } from './server-requests.ts'
import { pushHere, ownHearer } from './session-stream.ts'
import type { Session, SessionTable } from './session-table.ts'

export interface ReplicaDeps {
  readonly access: Access
  readonly log: Log
  readonly parked: ParkedCalls
  readonly rates: CallRates
  readonly sessions: SessionTable
  readonly upstreams: Pick<Upstreams, 'hears' | 'notify'>
}

export class Replica implements LocalReplica {
  readonly #deps: ReplicaDeps

  constructor(deps: ReplicaDeps) {
    this.#deps = deps
  }

  resume(retry: ParkedRetry, sink: CallSink): CallHandle {
    return this.#deps.parked.takeUp(retry, sink)
  }

  hear(notice: PeerNotice): void {
    if (notice.kind === 'usage') {
      for (const [name, calls] of Object.entries(notice.calls)) this.#deps.rates.note?.(name, calls)
      return
    }
    const session = this.#find(notice.session)
    if (session !== null) this.#hearOf(session, notice)
  }

  #hearOf(session: Session, notice: Exclude<PeerNotice, { kind: 'usage' }>): void {
    if (notice.kind === 'cancel') {
      session.inFlight.find(({ idJson }) => idJson === notice.idJson)?.cancel('the client canceled')
    } else if (notice.kind === 'answer') acceptAnswer(session, notice.id, notice.answer)
    else if (notice.kind === 'end') this.#deps.sessions.free(session)
    else if (notice.kind === 'push') this.#push(session, notice.json, notice.unlessHeard)
    else if (notice.kind === 'unsubscribe') session.watches?.remove(notice.server, notice.uri)
    else if (notice.kind === 'level') session.logLevel = notice.level
    else void this.#tellRoots(session)
  }

  /** A child says a thing to every replica it is attached to. */
  #push(session: Session, json: string, unlessHeard: string | null): void {
    const isKnown = unlessHeard !== null && this.#deps.upstreams.hears(session.userId, session.id, unlessHeard)
    if (!isKnown) pushHere(session, json)
  }

  async #tellRoots(session: Session): Promise<void> {
    const { access, log, upstreams } = this.#deps
    const hearer = ownHearer(session)
    if (hearer === null || session.owner === null) return
    try {
      const view = await access.view(hearer.principal, hearer.scope)
      for (const { server } of view?.grants.values() ?? []) {
        upstreams.notify(session.owner, server, 'notifications/roots/list_changed', undefined)
      }
    } catch (error) {
      log.warn({ err: error }, 'a change of roots could not be told')
    }
  }

  #find({ id, userId, keyId }: SessionRef): Session | null {
    for (const session of this.#deps.sessions.ofUser(userId)) {
      if (session.id === id && session.keyId === keyId) return session
    }
    return null
  }
}
