// A page of somebody else: another origin (the same host, another port; or another name), which tries what it can with its visitor's cookie.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ForeignPage {
  /** the same host as the hub's, another port: cookies do not know the difference */
  readonly sameHost: string
  /** another name */
  readonly otherHost: string
  stop(): Promise<void>
}

export async function startForeignPage(): Promise<ForeignPage> {
  const server = createServer((_request, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>elsewhere</title><h1>Elsewhere</h1>')
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const { port } = server.address() as AddressInfo
  return {
    sameHost: `http://127.0.0.1:${port}`,
    otherHost: `http://localhost:${port}`,
    stop: async () => {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      server.close(() => end())
      server.closeAllConnections()
      await ended
    },
  }
}
