// A remote MCP server whose tools are called, titled and described by payloads, and which answers with them.
import { LONG, PAYLOADS } from './payloads.ts'
import { startRemote, type RemoteServer, type RemoteTool } from './remote-server.ts'

/** `more`: what else each says of itself. */
export const listPayloadTools = (more = ''): readonly RemoteTool[] =>
  [...PAYLOADS, LONG].map((text, index) => ({
    name: `tool-${index}`,
    title: text,
    description: `${text}${more}`,
    inputSchema: {
      type: 'object',
      title: text,
      description: text,
      properties: { field: { type: 'string', title: text, description: text } },
    },
  }))

/** Every second call fails, in words of its own. */
export const startPayloadServer = (): Promise<RemoteServer> =>
  startRemote({
    serverInfo: { name: PAYLOADS[0]!, version: PAYLOADS[1]! },
    tools: listPayloadTools(),
    answer: (tool) => {
      const index = Number(tool.slice('tool-'.length))
      return { content: [{ type: 'text', text: PAYLOADS[index] }], isError: index % 2 === 1 }
    },
  })
