// Connections to the other replicas: mutual TLS, one for notices to each (they stay in order), more for calls that are taken up again.
import { Agent, request } from 'node:https'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { StringDecoder } from 'node:string_decoder'
import { HubError } from '@mcphub/api'
import type { ParkedRetry, Peer } from '../mcp/downstream/peers.ts'
import type { CallHandle, CallSink } from '../mcp/upstream/upstreams.ts'
import type { Trust } from '../trust/trust.ts'
import { ALIVE_MS } from './peer-server.ts'
import { HEADERS, PATHS, errorOf, readFrame, readWhole, writeRetry } from './wire.ts'

export interface PeerClientDeps {
  readonly self: string
  readonly port: number
  /** every gateway's certificate is valid for this name */
  readonly serverName: string
  readonly trust: Pick<Trust, 'certificate' | 'onChange'>
}

interface Target {
  readonly address: string
  /** the replica's name, or `*` */
  readonly to: string
}

interface Exchange {
  readonly path: string
  readonly agent: Agent
  readonly body: string
  readonly timeoutMs: number
  /** of an answer that is one */
  readonly status: number
}

const NOTICE_MS = 5_000
const CONNECT_MS = 3_000
/** nothing was heard, not even that it lives */
const SILENCE_MS = 3 * ALIVE_MS

export class PeerClient {
  readonly #deps: PeerClientDeps
  #agents: { readonly notices: Agent; readonly calls: Agent }
  readonly #stopTrust: () => void

  constructor(deps: PeerClientDeps) {
    this.#deps = deps
    this.#agents = this.#makeAgents()
    this.#stopTrust = deps.trust.onChange(() => {
      // what is under way ends as it is
      this.#agents = this.#makeAgents()
    })
  }

  stop(): void {
    this.#stopTrust()
    this.#agents.notices.destroy()
    this.#agents.calls.destroy()
  }

  /** Resolves when it was heard. @throws Error when it was not */
  async sendNotices(target: Target, body: string): Promise<void> {
    const { notices } = this.#agents
    await this.#exchange(target, { path: PATHS.notices, agent: notices, body, timeoutMs: NOTICE_MS, status: 204 })
  }

  /** Resolves with the answer. @throws Error when there is none in time */
  ask(target: Target, body: string, timeoutMs: number): Promise<string> {
    const { calls } = this.#agents
    return this.#exchange(target, { path: PATHS.sandboxes, agent: calls, body, timeoutMs, status: 200 })
  }

  peer(target: Target): Peer {
    return { resume: (retry, sink) => this.#resume(target, retry, sink) }
  }

  #resume(target: Target, retry: ParkedRetry, sink: CallSink): CallHandle {
    const sent = this.#open(target, PATHS.resume, this.#agents.calls)
    let isOver = false
    const fail = (error: HubError): void => {
      if (isOver) return
      isOver = true
      sent.destroy()
      sink.fail(error)
    }
    // unreachable: nothing was taken up; later: what the server did meanwhile is not known
    const connecting = setTimeout(() => fail(goneFault()), CONNECT_MS)
    let lost = goneFault
    sent.on('error', () => fail(lost()))
    sent.on('close', () => {
      clearTimeout(connecting)
      fail(lost())
    })
    sent.on('response', (response: IncomingMessage) => {
      clearTimeout(connecting)
      if (response.statusCode !== 200) return fail(goneFault())
      lost = lostFault
      sent.setTimeout(SILENCE_MS, () => fail(lost()))
      response.on('error', () => fail(lost()))
      readLines(response, (line) => {
        if (isOver) return
        isOver = deliver(line, sink)
      })
    })
    sent.end(writeRetry(retry))
    return {
      cancel: (reason) => fail(new HubError('canceled', `The call was ended: ${reason}`)),
      resume: () => undefined,
      handOver: () => undefined,
    }
  }

  async #exchange(target: Target, plan: Exchange, isSecondTry = false): Promise<string> {
    const sent = this.#open(target, plan.path, plan.agent)
    const answered = new Promise<string>((resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', (response) => {
        response.on('error', reject)
        if (response.statusCode === plan.status) readWhole(response).then(resolve, reject)
        else {
          response.resume()
          reject(new Error(`HTTP ${response.statusCode}`))
        }
      })
    })
    const late = setTimeout(() => sent.destroy(new Error('it did not answer in time')), plan.timeoutMs)
    // one that is gone does not even refuse
    const connecting = setTimeout(() => sent.destroy(new Error('it cannot be reached')), CONNECT_MS)
    sent.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => clearTimeout(connecting))
      else clearTimeout(connecting)
    })
    sent.end(plan.body)
    try {
      return await answered
    } catch (error) {
      // a kept connection that the other side had just closed
      if (!sent.reusedSocket || isSecondTry || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
      return await this.#exchange(target, plan, true)
    } finally {
      clearTimeout(late)
      clearTimeout(connecting)
    }
  }

  #open({ address, to }: Target, path: string, agent: Agent): ClientRequest {
    const { self, port } = this.#deps
    const headers = { [HEADERS.to]: to, [HEADERS.from]: self, 'content-type': 'application/json' }
    return request({ host: address, port, path, method: 'POST', agent, headers })
  }

  #makeAgents(): { notices: Agent; calls: Agent } {
    const { trust, serverName } = this.#deps
    const options = {
      ...trust.certificate(),
      servername: serverName,
      minVersion: 'TLSv1.3' as const,
      keepAlive: true,
      timeout: 30_000,
    }
    return { notices: new Agent({ ...options, maxSockets: 1 }), calls: new Agent(options) }
  }
}

/** True: it was the last. */
function deliver(line: string, sink: CallSink): boolean {
  const frame = readFrame(line)
  if (frame?.kind === 'notification') sink.notification(frame.json)
  else if (frame?.kind === 'answer') sink.answer(Buffer.from(frame.json), frame.answerKind)
  else if (frame?.kind === 'fail') sink.fail(errorOf(frame))
  return frame?.kind === 'answer' || frame?.kind === 'fail'
}

function readLines(response: IncomingMessage, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8')
  let pieces: string[] = []
  response.on('data', (chunk: Buffer) => {
    const [first = '', ...more] = decoder.write(chunk).split('\n')
    pieces.push(first)
    for (const next of more) {
      onLine(pieces.join(''))
      pieces = [next]
    }
  })
}

function goneFault(): HubError {
  return new HubError('invalid_params', 'The call this request state belongs to is gone; make the call anew')
}

function lostFault(): HubError {
  const text = 'The gateway that held this call is gone; whether the server finished it is not known'
  return new HubError('upstream_lost', text)
}
