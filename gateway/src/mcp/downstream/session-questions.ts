// Questions of older servers outside any call (roots after a change, say): to the session whose link they came on, on its own stream; on a child that
// several sessions of one user share, only where no more than one of them can be asked. Never to another user.
import type { Access } from '../../access/access.ts'
import { findLacking } from '../codec/client-capabilities.ts'
import type { Upstreams, UpstreamQuestion } from '../upstream/upstreams.ts'
import type { Log } from './endpoint-deps.ts'
import { CANNOT_ASK } from './reply-hooks.ts'
import type { Peers } from './peers.ts'
import { askSession } from './server-requests.ts'
import { hearerOfSession } from './session-stream.ts'
import type { Session, SessionTable } from './session-table.ts'

export interface SessionQuestionsDeps {
  readonly access: Access
  readonly log: Log
  readonly peers: Peers
  readonly sessions: SessionTable
  readonly upstreams: Pick<Upstreams, 'onQuestion'>
}

export class SessionQuestions {
  readonly #deps: SessionQuestionsDeps
  #stop: (() => void) | null = null

  constructor(deps: SessionQuestionsDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#stop = this.#deps.upstreams.onQuestion((question) => void this.#ask(question))
  }

  stop(): void {
    this.#stop?.()
  }

  async #ask(question: UpstreamQuestion): Promise<void> {
    try {
      const [session, another] = await this.#candidates(question)
      if (session === undefined || another !== undefined) question.respond(CANNOT_ASK)
      else askSession(session, question, this.#deps.peers)
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'a question of a server could not be asked')
      question.respond(CANNOT_ASK)
    }
  }

  async #candidates({ userId, sessionId, server, method, params }: UpstreamQuestion): Promise<Session[]> {
    const found: Session[] = []
    for (const session of [...this.#deps.sessions.ofUser(userId)]) {
      if (sessionId !== null && session.id !== sessionId) continue
      const isAble = sessionId !== null || findLacking(session.capabilities, method, params) === null
      if (isAble && (await this.#mayUse(session, server))) found.push(session)
    }
    return found
  }

  /** Also: it has a stream to be asked on, or may have one at another replica. */
  async #mayUse(session: Session, server: string): Promise<boolean> {
    const hearer = hearerOfSession(session, this.#deps.peers)
    if (hearer === null) return false
    const view = await this.#deps.access.view(hearer.principal, hearer.scope)
    return view?.grants.has(server) === true
  }
}
