// Bodies in and out of the fake API server.
import type { ServerResponse } from 'node:http'
import { FakeFailure } from './fake-storage.ts'
import type { Json } from './json.ts'

export function parseBody(text: string): Json {
  if (text === '') return null
  try {
    return JSON.parse(text) as Json
  } catch {
    throw new FakeFailure(400, 'BadRequest', 'the body is no JSON')
  }
}

export function sendJson(response: ServerResponse, code: number, body: object): void {
  if (response.destroyed) return
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export function sendStatus(response: ServerResponse, error: unknown): void {
  const known = error instanceof FakeFailure
  const message = error instanceof Error ? error.message : String(error)
  const { code, reason, causes } = known ? error : { code: 500, reason: 'InternalError', causes: [] }
  const details = causes.length > 0 ? { details: { causes } } : {}
  sendJson(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, ...details })
}
