// The parked calls of this replica, and the handles that lead to them: a `requestState` that opens for the same user, key, server and request alone,
// for its time and once (SES-6). Whatever does not fit is refused before anything reaches a server.
import { HubError } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import { findLacking } from '../codec/client-capabilities.ts'
import { readInputResponses } from '../codec/input-requests.ts'
import { isObject } from '../codec/message.ts'
import { progressTokenOf } from '../upstream/upstream-call.ts'
import type { CallHandle, CallSink, JsonObject } from '../upstream/upstreams.ts'
import type { Exchange, Reply } from './exchange.ts'
import type { RpcCall } from './inbound.ts'
import { lackingFault, ParkedCall, type Leg, type ParkedCallInit } from './parked-call.ts'
import type { ParkedRetry, Peers } from './peers.ts'
import { CANNOT_ASK, refuseLacking, type Relay, type SentCall, type ServerRequest } from './reply-hooks.ts'
import { digestRequest, PARKED_PREFIX, STATEFUL } from './rewrite-answer.ts'
import type { CallRoute } from './route-call.ts'
import { createSealer, type Sealer } from './sealer.ts'

export interface ParkedCallsDeps {
  readonly sealingKeys: () => readonly Buffer[]
  readonly peers: Peers
  readonly parkedMs: number
  readonly perUser: number
}

/** What is inside a handle. */
interface SealedHandle {
  /** replica */
  readonly r: string
  readonly p: string
  readonly n: number
  readonly x: number
}

/** why calls ended whose clients were not there; who comes back is told */
const ENDS_KEPT = 1000

export class ParkedCalls implements Relay {
  readonly #deps: ParkedCallsDeps
  readonly #calls = new Map<string, ParkedCall>()
  readonly #ends = new Map<string, HubError>()

  constructor(deps: ParkedCallsDeps) {
    this.#deps = deps
  }

  /** calls that wait for their clients */
  get waiting(): number {
    let count = 0
    for (const parked of this.#calls.values()) if (parked.isWaiting) count++
    return count
  }

  ask(exchange: Exchange, { call, route }: SentCall, request: ServerRequest): void {
    const { method, params, respond } = request
    const { owner } = call
    const { handle } = exchange
    const lacking = findLacking(owner.clientCapabilities, method, params)
    if (lacking !== null) return this.#refuse(exchange, request, lacking, owner.clientCapabilities)
    if (handle === null || !STATEFUL.has(call.request.method)) return respond(CANNOT_ASK)
    const { facts } = call
    const sealer = this.#sealerOf(call, route)
    const first: Leg = {
      sink: exchange,
      idJson: call.request.idJson,
      progressToken: progressTokenOf(call.request.params),
      clientCapabilities: owner.clientCapabilities,
    }
    const init: ParkedCallInit = {
      principal: call.inbound.principal,
      server: route.server.name,
      method: call.request.method,
      handle,
      slot: facts.slot,
      sealState: (one) => this.#seal(sealer, one),
      parkedMs: this.#deps.parkedMs,
      onParked: ({ principal }) => this.#makeRoom(principal.userId),
      onOver: (one, error) => this.#forget(one, error),
    }
    const parked = new ParkedCall(init, first)
    // it outlives this request
    facts.slot = null
    this.#calls.set(parked.id, parked)
    handle.handOver(parked)
    parked.request(method, params, respond)
  }

  /** True: the request is the retry of a parked call, and is answered by it. @throws HubError `invalid_params` */
  resume(call: RpcCall, route: CallRoute, reply: Reply): void {
    const { request, owner } = call
    const handle = this.#open(this.#sealerOf(call, route), route.params['requestState'])
    const responses = readInputResponses(route.params['inputResponses'])
    if (responses === null) throw new HubError('invalid_params', '"inputResponses" must be an object of results')
    const retry: ParkedRetry = {
      id: handle.p,
      round: handle.n,
      responses,
      idJson: request.idJson,
      progressToken: progressTokenOf(request.params),
      clientCapabilities: owner.clientCapabilities,
    }
    if (handle.r === this.#deps.peers.self) return reply.attach(this.takeUp(retry, reply))
    const peer = this.#deps.peers.find(handle.r)
    if (peer === null) throw goneFault()
    reply.attach(peer.resume(retry, reply))
  }

  /** Of a call that is parked at this replica. @throws HubError `invalid_params` */
  takeUp(retry: ParkedRetry, sink: CallSink): CallHandle {
    const parked = this.#calls.get(retry.id)
    if (parked === undefined) throw this.#ends.get(retry.id) ?? goneFault()
    const handle = parked.resume(retry, sink)
    // once whoever called has the handle: the server goes on, and may answer at once
    queueMicrotask(() => parked.respond(retry.responses))
    return handle
  }

  tick(now: number, isLive: (principal: Principal) => boolean): void {
    for (const parked of [...this.#calls.values()]) {
      if (parked.isWaiting && !isLive(parked.principal)) parked.cancel('the key is no longer valid')
      else parked.expire(now)
    }
  }

  cancelWhere(chosen: (principal: Principal, server: string) => boolean, reason: string): void {
    for (const parked of [...this.#calls.values()]) {
      if (chosen(parked.principal, parked.server)) parked.cancel(reason)
    }
  }

  #refuse(exchange: Exchange, { method, respond }: ServerRequest, lacking: JsonObject, declared: JsonObject): void {
    const { handle } = exchange
    respond(refuseLacking(lacking, declared))
    // servers ask for roots at any time, also in the middle of a call that needs none
    if (method === 'roots/list' || Object.keys(lacking).length === 0) return
    exchange.fail(lackingFault(lacking))
    handle?.cancel('the client cannot be asked')
  }

  /** Clients forget calls: those must not keep their user from making new ones. */
  #makeRoom(userId: string): void {
    const waiting = [...this.#calls.values()].filter((one) => one.isWaiting && one.principal.userId === userId)
    if (waiting.length > this.#deps.perUser) waiting[0]!.cancel('newer ones wait for their client')
  }

  #forget(parked: ParkedCall, error: HubError | null): void {
    this.#calls.delete(parked.id)
    if (error === null) return
    this.#ends.set(parked.id, error)
    if (this.#ends.size <= ENDS_KEPT) return
    for (const oldest of this.#ends.keys()) {
      this.#ends.delete(oldest)
      return
    }
  }

  #seal(sealer: Sealer, { id, round }: ParkedCall): string {
    const sealed: SealedHandle = { r: this.#deps.peers.self, p: id, n: round, x: Date.now() + this.#deps.parkedMs }
    return PARKED_PREFIX + sealer.seal(sealed)
  }

  #open(sealer: Sealer, state: unknown): SealedHandle {
    const opened = typeof state === 'string' ? sealer.open(state.slice(PARKED_PREFIX.length)) : null
    if (!isSealedHandle(opened)) throw new HubError('invalid_params', 'The request state is not valid')
    if (opened.x < Date.now()) throw new HubError('invalid_params', 'The request state has expired; make the call anew')
    return opened
  }

  #sealerOf({ inbound, request }: RpcCall, { server, params }: CallRoute): Sealer {
    const { userId, keyId } = inbound.principal
    const binding = [userId, keyId, server.name, digestRequest(request.method, params)].join('\n')
    return createSealer(this.#deps.sealingKeys, 'parked-call', binding)
  }
}

function isSealedHandle(value: unknown): value is SealedHandle {
  return isObject(value) && typeof value['p'] === 'string' && typeof value['x'] === 'number'
}

/** Ended, or of a hub that was started anew since. */
function goneFault(): HubError {
  return new HubError('invalid_params', 'The call this request state belongs to is gone; make the call anew')
}
