// `/livez` and `/readyz` for orchestrators: not part of the REST API, no key, any Host (platform/origin.ts exempts them).
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Health } from './health.ts'
import { PRIVATE_ANSWER } from './problem.ts'

/** Every request passes here: the others cost a comparison. */
function probePathOf(url: string): string | null {
  if (!url.startsWith('/livez') && !url.startsWith('/readyz')) return null
  const path = url.split('?', 1)[0]
  return path === '/livez' || path === '/readyz' ? path : null
}

/** True when the request was a probe and is (being) answered. */
export function answerProbe(health: Health, request: IncomingMessage, response: ServerResponse): boolean {
  const path = probePathOf(request.url ?? '')
  if (path === null) return false
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...PRIVATE_ANSWER, allow: 'GET, HEAD' }).end()
    return true
  }
  if (path === '/livez') send(response, 200, { status: 'ok' })
  else void health.readiness().then((readiness) => send(response, readiness.ready ? 200 : 503, readiness))
  return true
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { ...PRIVATE_ANSWER, 'content-type': 'application/json' }).end(JSON.stringify(body))
}
