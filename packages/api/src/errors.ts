// The one error type of MCPHub: a closed set of codes and their three faces (HTTP problem, JSON-RPC error, CLI exit code).
import type { Reason } from './reasons.ts'
import { findSaid, type Said } from './sentences.ts'

/** What a code means on each edge. `rpc` is a JSON-RPC code: -32602 and -32600 only where the client is at fault. */
interface ErrorFace {
  readonly status: number
  readonly title: string
  readonly rpc: number
  readonly exit: number
}

/** CLI exit codes; scripts may trust them. 0 is success, 2 a usage error (as in getopt programs). */
export const EXIT_CODES = {
  ok: 0,
  failure: 1,
  usage: 2,
  unauthenticated: 3,
  forbidden: 4,
  notFound: 5,
  conflict: 6,
  invalid: 7,
  unavailable: 8,
  limited: 9,
} as const

const face = (status: number, title: string, rpc: number, exit: number): ErrorFace => ({ status, title, rpc, exit })

/** JSON-RPC: -32000…-32019 are implementation-defined, -32020…-32099 belong to the MCP specification (2026-07-28 basic/index). */
export const ERROR_FACES = {
  // the caller's message
  parse_error: face(400, 'The body is not valid JSON', -32700, EXIT_CODES.invalid),
  invalid_request: face(400, 'The request is not valid', -32600, EXIT_CODES.invalid),
  invalid_params: face(400, 'The parameters are not valid', -32602, EXIT_CODES.invalid),
  method_not_found: face(404, 'No such method', -32601, EXIT_CODES.invalid),
  header_mismatch: face(400, 'A header does not match the body', -32020, EXIT_CODES.invalid),
  missing_capability: face(400, 'The client lacks a capability', -32021, EXIT_CODES.invalid),
  unsupported_version: face(400, 'Unsupported protocol version', -32022, EXIT_CODES.invalid),
  not_acceptable: face(406, 'Not acceptable', -32600, EXIT_CODES.invalid),
  unsupported_media_type: face(415, 'Unsupported media type', -32600, EXIT_CODES.invalid),
  method_not_allowed: face(405, 'Method not allowed', -32600, EXIT_CODES.invalid),
  payload_too_large: face(413, 'The body is too large', -32600, EXIT_CODES.invalid),
  uri_too_long: face(414, 'The URL is too long', -32600, EXIT_CODES.invalid),
  headers_too_large: face(431, 'The header block is too large', -32600, EXIT_CODES.invalid),
  request_timeout: face(408, 'The request took too long to arrive', -32600, EXIT_CODES.invalid),
  // who is asking
  unauthenticated: face(401, 'Not authenticated', -32001, EXIT_CODES.unauthenticated),
  forbidden: face(403, 'Not allowed', -32003, EXIT_CODES.forbidden),
  origin_forbidden: face(403, 'Origin or Host not allowed', -32003, EXIT_CODES.forbidden),
  login_required: face(403, 'A new login is needed', -32003, EXIT_CODES.unauthenticated),
  session_not_found: face(404, 'Session not found', -32001, EXIT_CODES.notFound),
  not_found: face(404, 'Not found', -32602, EXIT_CODES.notFound),
  conflict: face(409, 'Conflict', -32009, EXIT_CODES.conflict),
  // limits
  too_many_requests: face(429, 'Too many requests', -32005, EXIT_CODES.limited),
  limit_exceeded: face(429, 'A limit is reached', -32005, EXIT_CODES.limited),
  // the server behind the hub
  missing_variable: face(424, 'A variable is not set', -32010, EXIT_CODES.unavailable),
  invalid_variable: face(422, 'A variable has a value that cannot be used', -32010, EXIT_CODES.invalid),
  server_unavailable: face(503, 'The server is not available', -32011, EXIT_CODES.unavailable),
  sandbox_starting: face(503, 'The sandbox is still starting', -32012, EXIT_CODES.unavailable),
  sandbox_failed: face(502, 'The sandbox failed', -32013, EXIT_CODES.unavailable),
  upstream_error: face(502, 'The server answered with a fault', -32014, EXIT_CODES.unavailable),
  upstream_timeout: face(504, 'The server did not answer in time', -32015, EXIT_CODES.unavailable),
  upstream_lost: face(502, 'The connection to the server was lost', -32016, EXIT_CODES.unavailable),
  canceled: face(499, 'Canceled', -32017, EXIT_CODES.failure),
  // the hub itself
  database_unavailable: face(503, 'The database is not available', -32018, EXIT_CODES.unavailable),
  shutting_down: face(503, 'The hub is shutting down', -32019, EXIT_CODES.unavailable),
  internal: face(500, 'Internal error', -32603, EXIT_CODES.failure),
} as const satisfies Record<string, ErrorFace>

export type ErrorCode = keyof typeof ERROR_FACES

/** One fault in one field of an input: where it is, what is wrong and what to do. Never holds the offending value. */
export interface FieldFault {
  readonly field: string
  readonly message: string
  /** for whoever says it in another language; absent where the message is all there is */
  readonly code?: Reason
  /** the message as codes, in what leaves the hub */
  readonly said?: Said
}

/** Extra facts a caller may see. `data` goes into the JSON-RPC error's `data` and the problem document as it is: no secret, no stack. */
export interface ErrorDetails {
  readonly faults?: readonly FieldFault[]
  readonly retryAfterSeconds?: number
  readonly data?: Readonly<Record<string, unknown>>
}

/** The message is for people and holds no secret value; `cause` stays inside the process. */
export class HubError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'HubError'
    this.code = code
    this.details = details
  }
}

/** Any thrown value as a HubError; what is not one becomes `internal` with a neutral text (its own may hold a secret). */
export function toHubError(thrown: unknown): HubError {
  if (thrown instanceof HubError) return thrown
  return new HubError('internal', 'Internal error', {}, { cause: thrown })
}

/** RFC 9457 problem document. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** the detail as codes; empty: it is all there is */
  readonly said?: Said
  readonly code: ErrorCode
  readonly requestId: string
  readonly faults?: readonly FieldFault[]
  readonly data?: Readonly<Record<string, unknown>>
}

export function toProblem(error: HubError, requestId: string): Problem {
  const { status, title } = ERROR_FACES[error.code]
  return {
    type: `urn:mcphub:error:${error.code}`,
    title,
    status,
    detail: error.message,
    said: findSaid(error.message),
    code: error.code,
    requestId,
    ...(error.details.faults ? { faults: error.details.faults.map(withSaid) } : {}),
    ...(error.details.data ? { data: error.details.data } : {}),
  }
}

const withSaid = (fault: FieldFault): FieldFault => ({ ...fault, said: findSaid(fault.message) })

export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: Readonly<Record<string, unknown>>
}

/** `data` always names the hub's code, so that a client can tell a hub fault from a server's own error. */
export function toRpcError(error: HubError, requestId?: string): RpcError {
  const { rpc } = ERROR_FACES[error.code]
  const faults = error.details.faults ? { faults: error.details.faults } : {}
  const retry =
    error.details.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.details.retryAfterSeconds }
  return {
    code: rpc,
    message: error.message,
    data: { hubCode: error.code, ...(requestId ? { requestId } : {}), ...faults, ...retry, ...error.details.data },
  }
}
