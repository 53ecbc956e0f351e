// One `subscriptions/listen` over Streamable HTTP: a POST whose answer stays open.
import * as write from '../../proxy/headers.ts'
import { parseMessage } from '../codec/answer.ts'
import { EventStream } from './event-stream.ts'
import { socketFault } from './faults.ts'
import type { LinkTools } from './link.ts'
import { refusal, type ListenSink } from './listen-stream.ts'
import * as rpc from './rpc-body.ts'
import type { JsonObject } from './upstreams.ts'

const METHOD = 'subscriptions/listen'

export interface HttpListener {
  readonly server: { readonly name: string }
  readonly tools: Pick<LinkTools, 'limits' | 'mintId' | 'pool'>
  readonly origin: string
  readonly path: string
  readonly headers: write.HeaderFields
}

export function openHttpListen(from: HttpListener, params: JsonObject, sink: ListenSink): { close(): void } {
  const { server, tools, origin, path } = from
  const stream = new EventStream(
    {
      onStreamEvent: (type, data) => {
        const message = parseMessage(data)
        if (type === 'message' && message.kind === 'notification') sink.message(message)
      },
      onStreamEnd: ({ status, opened, error }) => {
        if (!opened && status !== 0) sink.end(refusal(server.name))
        else sink.end(error === null ? null : socketFault(server.name, error))
      },
    },
    tools.limits.messageBytes,
  )
  const call = { requestId: null, protocolVersion: rpc.MODERN_REVISION, mcpSessionId: null }
  const headers = write.addModernHeaders(write.buildCallHeaders(from.headers, call), METHOD, null)
  const body = rpc.writeRequest(tools.mintId(), METHOD, params)
  tools.pool.stream({ origin, path, method: 'POST', headers, body }, stream)
  return stream
}
