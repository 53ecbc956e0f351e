// A 2026-07-28 server answers an older client's call with "input is needed": what it asks goes to the client as requests on the stream of that call, and
// the call is sent again with the answers, until it is complete. Bounded in rounds and in time.
import { HubError, LIMITS, toHubError } from '@mcphub/api'
import { findLacking } from '../codec/client-capabilities.ts'
import { readInputRequests, toServerRequest, type InputRequest } from '../codec/input-requests.ts'
import { isObject } from '../codec/message.ts'
import type { JsonObject, RpcAnswer, Upstreams } from '../upstream/upstreams.ts'
import type { Exchange } from './exchange.ts'
import { lackingFault } from './parked-call.ts'
import type { SentCall } from './reply-hooks.ts'
import { relayRequest } from './server-requests.ts'
import type { Session } from './session-table.ts'

/** before a call is repeated that waits for nothing the client could give */
const PAUSE_MS = 250

export class InputRounds {
  readonly #upstreams: Pick<Upstreams, 'call'>
  readonly #waitMs: number
  readonly #rounds = new WeakMap<Exchange, number>()

  constructor(upstreams: Pick<Upstreams, 'call'>, waitMs: number) {
    this.#upstreams = upstreams
    this.#waitMs = waitMs
  }

  /** `json`: the answer that is none yet. */
  askMore(exchange: Exchange, sent: SentCall, json: Buffer): void {
    const { session } = sent.call
    const round = (this.#rounds.get(exchange) ?? 0) + 1
    this.#rounds.set(exchange, round)
    const result = readResult(json)
    const requests = readInputRequests(result)
    try {
      if (requests === null) throw formFault(sent)
      if (round > LIMITS.inputRounds) throw serverFault(sent, `asked for input more than ${LIMITS.inputRounds} times`)
      if (requests.size === 0) return void setTimeout(() => this.#again(exchange, sent, { result }), PAUSE_MS).unref()
      if (session === null) throw noSessionFault()
      this.#ask(exchange, sent, { session, result, requests })
    } catch (error) {
      exchange.fail(toHubError(error))
    }
  }

  /** @throws HubError `missing_capability` */
  #ask(
    exchange: Exchange,
    sent: SentCall,
    asked: {
      readonly session: Session
      readonly result: JsonObject
      readonly requests: ReadonlyMap<string, InputRequest>
    },
  ): void {
    const { session, result, requests } = asked
    for (const { method, params } of requests.values()) {
      const lacking = findLacking(session.capabilities, method, params)
      if (lacking !== null) throw Object.keys(lacking).length === 0 ? formFault(sent) : lackingFault(lacking)
    }
    const late = setTimeout(() => {
      exchange.fail(new HubError('canceled', `The client did not answer within ${Math.round(this.#waitMs / 1000)} s`))
    }, this.#waitMs).unref()
    const responses: JsonObject = {}
    let open = requests.size
    const take = (key: string, answer: RpcAnswer) => {
      open--
      if ('result' in answer) responses[key] = answer.result
      else exchange.fail(refusedFault(requests.get(key)!.method, answer.error.message))
      if (open > 0 && !exchange.isOver) return
      clearTimeout(late)
      this.#again(exchange, sent, { result, responses })
    }
    for (const [key, request] of requests) {
      relayRequest(session, exchange, { ...toServerRequest(request), respond: (answer) => take(key, answer) })
    }
  }

  #again(
    exchange: Exchange,
    { call, route, outbound }: SentCall,
    round: { readonly result: JsonObject; readonly responses?: JsonObject },
  ): void {
    if (exchange.isOver) return
    const { requestState } = round.result
    const params = {
      ...outbound.params,
      ...(round.responses === undefined ? {} : { inputResponses: round.responses }),
      ...(requestState === undefined ? {} : { requestState }),
    }
    try {
      exchange.attach(this.#upstreams.call(call.owner, route.server, { ...outbound, params }, exchange))
    } catch (error) {
      exchange.fail(toHubError(error))
    }
  }
}

function readResult(json: Buffer): JsonObject {
  const message: unknown = JSON.parse(json.toString('utf8'))
  return isObject(message) && isObject(message['result']) ? message['result'] : {}
}

function serverFault({ route }: SentCall, what: string): HubError {
  const { name } = route.server
  return new HubError('upstream_error', `Server "${name}" ${what}`, { data: { server: name } })
}

function formFault(sent: SentCall): HubError {
  return serverFault(sent, 'asks for input, and not how the protocol says')
}

function noSessionFault(): HubError {
  return new HubError('missing_capability', 'The server asks for input, and a client without a session cannot be asked')
}

function refusedFault(method: string, why: string): HubError {
  return new HubError('canceled', `The client did not answer ${method}: ${why}`)
}
