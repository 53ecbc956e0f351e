// A tool called for a person without any MCP request: from a form of the console, or to see whether a variable works. It goes the way of every
// other call (what they may use, rate, slots, link, audit, metrics), and ends when nobody waits for it, or they may no longer make it.
import { HubError, LIMITS, type ErrorCode, checkLogin, toHubError } from '@mcphub/api'
import type { Grant, View } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import { hashArguments } from '../codec/canonical.ts'
import { LATEST_LEGACY_REVISION } from '../codec/revisions.ts'
import type { JsonObject, LinkOwner } from '../upstream/upstreams.ts'
import { DirectSink, type CallNews, type ToolResult } from './direct-sink.ts'
import type { EndpointDeps } from './endpoint-deps.ts'
import type { Outcome } from './exchange.ts'

export interface DirectCallsDeps extends Pick<EndpointDeps, 'upstreams' | 'queue' | 'rates' | 'audit' | 'metrics'> {
  readonly discoveries: Pick<EndpointDeps['discoveries'], 'find' | 'demand' | 'noteSuccess'>
  /** What this person may use of one server, whatever their personal groups show; null: nothing, or there is no such server. */
  readonly viewOf: (principal: Principal, server: string) => View | null
  /** told of whatever may change what somebody may use (null: everybody) */
  readonly onAccessChange: (listener: (userId: string | null) => void) => () => void
}

export interface DirectCall {
  readonly principal: Principal
  readonly server: string
  /** the server's own name of it */
  readonly tool: string
  readonly arguments: JsonObject
  /** of the hub: in audit, in errors and in what the server is told */
  readonly requestId: string
  /** how long anybody waits for it; default and most: `upstreamCallMs` */
  readonly timeoutMs?: number
}

/** A call that may be made. */
export interface PreparedCall {
  /**
   * Makes it, at most once; `signal`: nobody waits any more.
   * @throws HubError as `Upstreams.call`, `too_many_requests`, `limit_exceeded`, `not_found`, `canceled`
   */
  run(news: CallNews, signal: AbortSignal): Promise<ToolResult>
}

export interface DirectCalls {
  /**
   * Waits for nothing. @throws HubError `not_found`: the same for what does not exist, what is hidden and what is forbidden (SES-8)
   */
  prepare(call: DirectCall): PreparedCall
  /**
   * Starts a server as a call of this person would, and waits for its first word. @throws HubError `not_found` as above, and what a call would
   * end with
   */
  wake(principal: Principal, server: string, signal: AbortSignal): Promise<void>
  stop(): void
}

interface Live {
  readonly call: DirectCall
  readonly sink: DirectSink
}

const METHOD = 'tools/call'
/** A server may know several revisions; a session is no part of any of them. */
const asClient = (principal: Principal): LinkOwner => ({
  principal,
  sessionId: null,
  clientCapabilities: {},
  clientInfo: { name: 'MCPHub console', version: '1' },
  revision: LATEST_LEGACY_REVISION,
})
const NO_TOOL = 'There is no such tool'

export function createDirectCalls(deps: DirectCallsDeps): DirectCalls {
  const live = new Set<Live>()
  const forget = deps.onAccessChange((userId) => {
    for (const { call, sink } of live) {
      const isMeant = userId === null || userId === call.principal.userId
      if (isMeant && findGrant(deps, call) === null) sink.cancel(gone(), 'the tool may no longer be used')
    }
  })
  return {
    prepare(call) {
      checkLogin(call.principal, '/login')
      const found = findGrant(deps, call)
      if (found === null || isKnownNotToBe(deps, call, found.grant)) {
        // as of any other call for what is not there: nothing that was asked for is named
        keepBooks(deps, call, { server: null, durationMs: 0, outcome: 'refused', code: 'not_found' })
        throw gone()
      }
      return { run: (news, signal) => run({ deps, live, call, ...found }, news, signal) }
    },
    async wake(principal, server, signal) {
      const grant = deps.viewOf(principal, server)?.grants.get(server)
      if (grant === undefined) throw new HubError('not_found', 'There is no such server')
      await deps.upstreams.describe(asClient(principal), grant.server, signal)
    },
    stop() {
      forget()
      for (const { sink } of live)
        sink.cancel(new HubError('shutting_down', 'The hub is shutting down'), 'shutting down')
    },
  }
}

const gone = (): HubError => new HubError('not_found', NO_TOOL)

interface Found {
  readonly view: View
  readonly grant: Grant
}

function findGrant({ viewOf }: DirectCallsDeps, { principal, server, tool }: DirectCall): Found | null {
  const view = viewOf(principal, server)
  const grant = view?.grants.get(server)
  return view === null || grant === undefined || !grant.allowsTool(tool) ? null : { view, grant }
}

function isKnownNotToBe({ discoveries }: DirectCallsDeps, { principal, tool }: DirectCall, { server }: Grant): boolean {
  const discovery = discoveries.find(principal.userId, server)
  return discovery !== null && !discovery.tools.some(({ name }) => name === tool)
}

interface Run extends Found {
  readonly deps: DirectCallsDeps
  readonly live: Set<Live>
  readonly call: DirectCall
}

async function run(job: Run, news: CallNews, signal: AbortSignal): Promise<ToolResult> {
  const startedAt = performance.now()
  const sink = new DirectSink(news)
  const entry = { call: job.call, sink }
  const leave = (): void => sink.cancel(new HubError('canceled', 'The call was canceled'), 'nobody waits for it')
  const { timeoutMs = LIMITS.upstreamCallMs } = job.call
  const timer = setTimeout(() => sink.cancel(late(timeoutMs), 'it took too long'), timeoutMs).unref()
  job.live.add(entry)
  signal.addEventListener('abort', leave)
  const progress: Progress = { isSent: false, slot: null }
  try {
    if (signal.aborted) leave()
    await discover(job)
    await send(job, sink, progress)
    const result = await sink.result
    note(job, startedAt, result.isError ? 'error' : 'ok', null)
    return result
  } catch (thrown) {
    const error = toHubError(thrown)
    note(job, startedAt, outcomeOf(error, progress.isSent), error.code)
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
    job.live.delete(entry)
    progress.slot?.release()
  }
}

const late = (ms: number): HubError =>
  new HubError('upstream_timeout', `The tool did not answer within ${Math.round(ms / 1000)} s`)

interface Progress {
  isSent: boolean
  slot: { release(): void } | null
}

/** Of a server that nobody asked yet it must first be learned whether it has the tool at all. @throws HubError `not_found` */
async function discover({ deps, call, grant }: Run): Promise<void> {
  const { server } = grant
  if (deps.discoveries.find(call.principal.userId, server) === null) {
    await deps.discoveries.demand(call.principal, server, LIMITS.upstreamIdleMs + LIMITS.sandboxStartMs)
  }
  if (isKnownNotToBe(deps, call, grant)) throw gone()
}

async function send({ deps, call, view, grant }: Run, sink: DirectSink, progress: Progress): Promise<void> {
  const { principal, requestId, tool } = call
  checkRate(deps, principal, view)
  progress.slot = deps.queue.tryAcquire(principal.userId, call.server) ?? (await waitForSlot(deps, call, sink))
  if (sink.isOver) return
  progress.isSent = true
  const params = { name: tool, arguments: call.arguments, _meta: { progressToken: requestId } }
  const outbound = { requestId, method: METHOD, params, idJson: '1', era: 'legacy', logLevel: 'info' } as const
  sink.attach(deps.upstreams.call(asClient(principal), grant.server, outbound, sink))
}

/** @throws HubError `too_many_requests` */
function checkRate({ rates }: DirectCallsDeps, { userId }: Principal, { limits }: View): void {
  const { callsPerMinute } = limits
  const wait = callsPerMinute === null ? 0 : rates.take(userId, callsPerMinute)
  if (wait === 0) return
  throw new HubError('too_many_requests', `Your groups allow ${callsPerMinute} calls a minute; try again later`, {
    retryAfterSeconds: wait,
  })
}

/** @throws HubError when the line is too long, or the call was over before its turn came */
function waitForSlot(
  { queue }: DirectCallsDeps,
  { principal, server }: DirectCall,
  sink: DirectSink,
): Promise<{ release(): void }> {
  return new Promise((resolve, reject) => {
    const place = queue.wait(principal.userId, server, { grant: resolve, refuse: reject })
    sink.result.catch((error: unknown) => {
      place.leave()
      reject(toHubError(error))
    })
  })
}

function note({ deps, call, grant }: Run, startedAt: number, outcome: Outcome, code: ErrorCode | null): void {
  const { principal, server } = call
  const discovery = deps.discoveries.find(principal.userId, grant.server)
  const isKnown = discovery?.configHash === grant.server.configHash
  if (outcome === 'ok' && !isKnown) deps.discoveries.noteSuccess(principal, grant.server)
  keepBooks(deps, call, { server, durationMs: performance.now() - startedAt, outcome, code })
}

interface End {
  /** null: none that this person may know of */
  readonly server: string | null
  readonly durationMs: number
  readonly outcome: Outcome
  readonly code: ErrorCode | null
}

function keepBooks({ audit, metrics }: DirectCallsDeps, call: DirectCall, end: End): void {
  const { principal, requestId, tool } = call
  const { server, durationMs, outcome, code } = end
  metrics.mcpCall({ server: server ?? 'hub', method: METHOD, outcome, seconds: durationMs / 1000 })
  if (code !== null) metrics.hubError(code)
  audit.record({
    at: Date.now(),
    requestId,
    userId: principal.userId,
    keyId: principal.keyId,
    sessionId: null,
    kind: 'mcp',
    action: METHOD,
    server,
    target: server === null ? null : tool.slice(0, 256),
    outcome,
    code,
    durationMs,
    argumentsHash: server === null ? null : hashArguments(call.arguments),
    via: principal.via,
    detail: null,
  })
}

function outcomeOf({ code }: HubError, isSent: boolean): Outcome {
  if (code === 'canceled') return 'canceled'
  return isSent ? 'error' : 'refused'
}
