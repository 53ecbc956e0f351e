// Real MCP clients of both SDK generations behind one small face, for the end-to-end tests.
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'

export interface TestClient {
  readonly kind: string
  listTools(): Promise<string[]>
  /** text of the first content block; a tool's own error and a JSON-RPC error both throw */
  call(tool: string, args?: Record<string, unknown>): Promise<string>
  instructions(): string | undefined
  /** how many tools/list_changed arrived so far */
  listChanges(): number
  close(): Promise<void>
}

interface CallResult {
  readonly content?: readonly { readonly type: string; readonly text?: string }[]
  readonly isError?: boolean
}

function firstText(result: CallResult): string {
  const text = result.content?.find((block) => block.type === 'text')?.text ?? ''
  if (result.isError) throw new Error(text)
  return text
}

const INFO = { name: 'story', version: '1.0.0' }

export async function connectV1(url: URL, name = INFO.name): Promise<TestClient> {
  const client = new ClientV1({ ...INFO, name }, { capabilities: {} })
  let changes = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++)
  await client.connect(new TransportV1(url) as Transport)
  return {
    kind: 'SDK 1.32',
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: async (tool, args = {}) => firstText((await client.callTool({ name: tool, arguments: args })) as CallResult),
    instructions: () => client.getInstructions(),
    listChanges: () => changes,
    close: () => client.close(),
  }
}

/** @param mode 'legacy' speaks 2025-11-25, 'auto' and `pin` speak 2026-07-28 where the server can */
export async function connectV2(url: URL, mode: 'legacy' | 'auto' = 'auto'): Promise<TestClient> {
  const client = new ClientV2(INFO, { capabilities: {}, ...(mode === 'auto' ? { versionNegotiation: { mode } } : {}) })
  let changes = 0
  client.setNotificationHandler('notifications/tools/list_changed', () => void changes++)
  await client.connect(new TransportV2(url))
  return {
    kind: `SDK 2.4 ${mode}`,
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    call: async (tool, args = {}) => firstText((await client.callTool({ name: tool, arguments: args })) as CallResult),
    instructions: () => client.getInstructions(),
    listChanges: () => changes,
    close: () => client.close(),
  }
}
