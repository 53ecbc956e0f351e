// The two small HTTP servers of the operator: probes on one port, metrics on another, so that a policy can open one without the other.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Page {
  readonly code: number
  readonly type: string
  readonly text: string
}

export const plainPage = (code: number, text: string): Page => ({
  code,
  type: 'text/plain; charset=utf-8',
  text: `${text}\n`,
})

export interface PageServer {
  readonly port: number
  stop(): Promise<void>
}

/** Answers GET on the paths of the table; port 0 picks a free one. @throws when the port is taken */
export async function servePages(port: number, pages: Readonly<Record<string, () => Page>>): Promise<PageServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0]!
    const page = request.method === 'GET' && Object.hasOwn(pages, path) ? pages[path]!() : plainPage(404, 'not found')
    response.writeHead(page.code, { 'content-type': page.type }).end(page.text)
  })
  await listen(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })
}
