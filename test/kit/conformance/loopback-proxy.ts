// A proxy on loopback between a suite and the hub: it may change a request, and an answer that is small. Without changes the bytes pass as they are.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Passing {
  path: string
  /** names and values, alternating, as they came */
  headers: string[]
  body: Buffer
}

export interface LoopbackProxy {
  /** says localhost: the suites test Host and Origin only there */
  readonly origin: string
  stop(): Promise<void>
}

export interface ProxyChanges {
  request(passing: Passing): void
  /** one line of an event stream, or a whole JSON body */
  answer?(text: string, sent: Passing): string
}

export async function startProxy(target: URL, changes: ProxyChanges): Promise<LoopbackProxy> {
  const server = createServer((req, res) => {
    pass(target, changes, { req, res }).catch(() => void res.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function pass(
  target: URL,
  changes: ProxyChanges,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
): Promise<void> {
  const pieces: Buffer[] = []
  for await (const piece of req) pieces.push(piece as Buffer)
  const passing: Passing = { path: req.url ?? '/', headers: [...req.rawHeaders], body: Buffer.concat(pieces) }
  changes.request(passing)
  const { body } = passing
  const headers = [
    ...dropHeaders(passing.headers, ['content-length', 'transfer-encoding', 'connection']),
    'Content-Length',
    String(body.length),
  ]
  const onward = request({ host: target.hostname, port: target.port, method: req.method, path: passing.path, headers })
  res.once('close', () => onward.destroy())
  onward.once('error', () => res.destroy())
  onward.once('response', (answer) => {
    const change = changes.answer
    res.writeHead(
      answer.statusCode ?? 502,
      dropHeaders(answer.rawHeaders, ['content-length', 'transfer-encoding', 'connection']),
    )
    res.flushHeaders()
    if (change === undefined) answer.pipe(res)
    else relay(answer, res, (text) => change(text, passing))
  })
  onward.end(body)
}

/** Line by line, so that events leave when they come; a JSON body is one line. */
function relay(answer: IncomingMessage, res: ServerResponse, change: (text: string) => string): void {
  let rest = ''
  answer.setEncoding('utf8')
  answer.on('data', (piece: string) => {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) res.write(`${change(line)}\n`)
  })
  answer.once('end', () => res.end(change(rest)))
}

export function dropHeaders(headers: readonly string[], names: readonly string[]): string[] {
  return headers.filter((_value, index) => !names.includes(headers[index - (index % 2)]!.toLowerCase()))
}
