// `/metrics` on a port of its own, loopback by default: figures for the operator are not for the people who use the endpoint.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from './metrics.ts'
import { createOriginCheck, type OriginCheck } from './origin.ts'

export interface MetricsServer {
  readonly port: number
  stop(): Promise<void>
}

export async function startMetricsServer(metrics: Metrics, host: string, port: number): Promise<MetricsServer> {
  // a page of a browser on this machine could reach it under a name of its own; beyond loopback it is the network's part to say who scrapes
  const origin = isLoopback(host) ? createOriginCheck([host]) : null
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    if (origin !== null && !isOwn(origin, request)) return void response.writeHead(403).end()
    if (request.url !== '/metrics' || request.method !== 'GET') return void response.writeHead(404).end()
    metrics.render().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  server.maxConnections = 32
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

function isOwn(origin: OriginCheck, request: IncomingMessage): boolean {
  try {
    origin.check(request)
    return true
  } catch {
    return false
  }
}
