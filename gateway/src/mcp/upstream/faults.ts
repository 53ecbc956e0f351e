// What can go wrong towards a server, as errors a person can act on. No text here ever holds a value, a URL or a header of the upstream.
import { HubError } from '@mcphub/api'
import { codeOf, isConnectFault } from '../../proxy/pool.ts'
import type { EndReason, ExitReason } from '../../sandboxes/sandboxes.ts'

export function lostFault(server: string, cause?: unknown): HubError {
  const why = cause === undefined ? '' : ` (${codeOf(cause)})`
  return new HubError('upstream_lost', `The connection to server "${server}" was lost before it answered${why}`, {
    data: { server },
  })
}

/** A fault of the socket: nothing was sent when the connection never came to be, else the outcome is unknown. */
export function socketFault(server: string, error: unknown): HubError {
  if (error instanceof HubError) return error
  if (!isConnectFault(error)) return lostFault(server, error)
  return new HubError('server_unavailable', `Server "${server}" cannot be reached (${codeOf(error)})`, {
    data: { server },
  })
}

export function answerFault(server: string, reason: string): HubError {
  return new HubError('upstream_error', `Server "${server}" sent something that is not an answer: ${reason}`, {
    data: { server },
  })
}

export function statusFault(server: string, status: number): HubError {
  const why =
    status === 401 || status === 403
      ? 'it refused the credentials the hub sent; check the variables of this server'
      : status >= 300 && status < 400
        ? 'it redirects, and redirects are not followed; correct its url in the catalogue'
        : 'it did not answer the request'
  return new HubError('upstream_error', `Server "${server}" answered HTTP ${status}: ${why}`, {
    data: { server, status },
  })
}

export function timeoutFault(server: string, ms: number, whole: boolean): HubError {
  const text = whole
    ? `Server "${server}" did not finish within ${Math.round(ms / 1000)} s`
    : `Server "${server}" showed no progress for ${Math.round(ms / 1000)} s`
  return new HubError('upstream_timeout', text, { data: { server } })
}

export function startingFault(server: string): HubError {
  return new HubError('sandbox_starting', `Server "${server}" is still starting; try again in a moment`, {
    retryAfterSeconds: 5,
    data: { server },
  })
}

/** The child's end, told to the calls that were waiting for it. */
export function exitFault(server: string, reason: ExitReason): HubError {
  const data = { data: { server } }
  if (reason.kind === 'limit')
    return new HubError('sandbox_failed', `Server "${server}" was ended: ${reason.message}`, data)
  if (reason.kind === 'spawn')
    return new HubError('sandbox_failed', `Server "${server}" did not start: ${reason.message}`, data)
  if (reason.kind === 'lost') {
    const { message } = reason
    const why = { data: { server, reason: reason.reason } }
    return new HubError('upstream_lost', `Server "${server}" was lost during the call: ${message}`, why)
  }
  if (reason.kind === 'exited') {
    const how = reason.signal ? `signal ${reason.signal}` : `exit code ${reason.code ?? 'unknown'}`
    return new HubError('sandbox_failed', `Server "${server}" ended during the call (${how})`, data)
  }
  return endFault(server, reason.by)
}

/** Ended by the hub itself. */
function endFault(server: string, by: EndReason): HubError {
  const data = { data: { server } }
  if (by === 'deactivated' || by === 'deleted') return new HubError('unauthenticated', 'Not authenticated')
  if (by === 'shutdown') return new HubError('shutting_down', 'The hub is shutting down')
  if (by === 'protocol')
    return new HubError('upstream_error', `Server "${server}" did not speak MCP on its output and was ended`, data)
  return new HubError('upstream_lost', `Server "${server}" was stopped during the call (${by})`, data)
}
