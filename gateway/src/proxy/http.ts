// One HTTP request to an upstream, as its sender sees it: whoever carries it (http1/ on plain sockets, undici on TLS) calls the same handler.
import type { RequestHeaders } from './headers.ts'

export interface HttpRequest {
  readonly origin: string
  /** path and query */
  readonly path: string
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers: RequestHeaders
  readonly body: string | null
}

/** Header fields of a response, those that the hub reads. */
export interface HttpFields {
  /** repeated fields joined by a comma */
  get(name: 'content-type' | 'content-encoding' | 'content-length' | 'mcp-session-id'): string | undefined
}

/** What the sender can do to a request under way. */
export interface HttpController {
  /** The handler gets `error` in a later tick, unless everything was over. */
  abort(error: Error): void
  pause(): void
  resume(): void
}

/** Hears of one request; after `onResponseEnd` or `onResponseError`, of which exactly one is called, nothing more. */
export interface HttpHandler {
  onRequestStart(controller: HttpController): void
  onResponseStart(controller: HttpController, status: number, fields: HttpFields): void
  /** `chunk` lies in memory that is used again when this returns: what is kept must be copied. */
  onResponseData(controller: HttpController, chunk: Buffer): void
  onResponseEnd(controller: HttpController): void
  onResponseError(controller: HttpController | null, error: Error): void
}
