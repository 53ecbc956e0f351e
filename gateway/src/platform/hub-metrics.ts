// The hub's own metrics, declared in one place so that names, labels and help texts read as one list.
import { ERROR_FACES } from '@mcphub/api'
import type { Metrics } from './metrics.ts'

/** Methods of both eras that may stand in a label; any other is `other` (a client may send any text). */
const MCP_METHODS = [
  'initialize',
  'server/discover',
  'ping',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/read',
  'resources/templates/list',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
] as const

export interface McpCallFact {
  /** catalogue name; `hub` for what the hub answers itself */
  readonly server: string
  readonly method: string
  readonly outcome: 'ok' | 'error' | 'refused' | 'canceled'
  readonly seconds: number
}

export interface HubMetrics {
  mcpCall(fact: McpCallFact): void
  /** a refused credential, with the edge that refused it */
  authRefused(edge: 'mcp' | 'api'): void
  apiCall(route: string, status: number, seconds: number): void
  hubError(code: string): void
}

/** Why children ended; any other reason is `other`. */
const END_REASONS = [
  'exited',
  'idle',
  'limit',
  'spawn',
  'stopped',
  'deactivated',
  'deleted',
  'replaced',
  'entitlement',
  'session',
  'shutdown',
  'discovered',
  'protocol',
] as const

export interface SandboxCounters {
  started(server: string, seconds: number): void
  ended(server: string, reason: string): void
}

export function declareSandboxMetrics(metrics: Metrics): SandboxCounters {
  const server = { most: 500 } as const
  const starts = metrics.histogram('mcphub_sandbox_start_seconds', 'Time from spawn to a running child', { server })
  const ends = metrics.counter('mcphub_sandbox_ends_total', 'Ended children by reason', { server, reason: END_REASONS })
  return {
    started: (name, seconds) => starts.observe({ server: name }, seconds),
    ended: (name, reason) => ends.add({ server: name, reason }),
  }
}

/** Numbers that live elsewhere and are read at a scrape. */
export interface HubGauges {
  readonly callsInFlight: () => number
  readonly callsQueued: () => number
  readonly sessionsLive: () => number
  readonly connections: () => number
  readonly sandboxes: () => Iterable<{ readonly state: string }>
  readonly auditLost: () => number
  readonly auditQueued: () => number
  readonly databasePool: () => { readonly total: number; readonly idle: number; readonly waiting: number }
}

export function declareHubMetrics(metrics: Metrics, routeIds: readonly string[]): HubMetrics {
  const mcp = { server: { most: 500 }, method: MCP_METHODS, outcome: ['ok', 'error', 'refused', 'canceled'] } as const
  const calls = metrics.counter('mcphub_mcp_calls_total', 'MCP requests by server, method and outcome', mcp)
  const durations = metrics.histogram('mcphub_mcp_call_seconds', 'Time from an MCP request to its last byte', {
    server: mcp.server,
    method: MCP_METHODS,
  })
  const refused = metrics.counter('mcphub_auth_refused_total', 'Refused credentials', { edge: ['mcp', 'api'] })
  const statusClasses = ['2xx', '3xx', '4xx', '5xx']
  const api = metrics.counter('mcphub_api_calls_total', 'REST calls', { route: routeIds, status: statusClasses })
  const apiDurations = metrics.histogram('mcphub_api_call_seconds', 'Time of a REST call', { route: routeIds })
  const errors = metrics.counter('mcphub_errors_total', 'Errors answered, by code', { code: Object.keys(ERROR_FACES) })
  return {
    mcpCall(fact) {
      calls.add(fact)
      durations.observe(fact, fact.seconds)
    },
    authRefused: (edge) => refused.add({ edge }),
    apiCall(route, status, seconds) {
      api.add({ route, status: `${Math.floor(status / 100)}xx` })
      apiDurations.observe({ route }, seconds)
    },
    hubError: (code) => errors.add({ code }),
  }
}

export function declareHubGauges(metrics: Metrics, gauges: HubGauges): void {
  metrics.gauge('mcphub_calls_in_flight', 'MCP calls being answered', gauges.callsInFlight)
  metrics.gauge('mcphub_calls_queued', 'MCP calls waiting for a slot', gauges.callsQueued)
  metrics.gauge('mcphub_sessions', 'MCP sessions with live state', gauges.sessionsLive)
  metrics.gauge('mcphub_connections', 'Open connections of clients', gauges.connections)
  metrics.gauge('mcphub_audit_lost', 'Audit records lost since the start', gauges.auditLost)
  metrics.gauge('mcphub_audit_queued', 'Audit records not written yet', gauges.auditQueued)
  metrics.gaugeBy('mcphub_sandboxes', 'Sandboxes by state', 'state', () => countStates(gauges.sandboxes()))
  metrics.gaugeBy('mcphub_database_pool', 'Database connections', 'state', () => {
    const pool = gauges.databasePool()
    return [
      ['total', pool.total],
      ['idle', pool.idle],
      ['waiting', pool.waiting],
    ]
  })
}

function countStates(sandboxes: Iterable<{ readonly state: string }>): Map<string, number> {
  const counts = new Map([
    ['Starting', 0],
    ['Running', 0],
    ['Ending', 0],
    ['Failed', 0],
  ])
  for (const { state } of sandboxes) counts.set(state, (counts.get(state) ?? 0) + 1)
  return counts
}
