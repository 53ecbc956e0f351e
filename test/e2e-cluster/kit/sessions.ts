// MCP sessions of both SDK generations behind one face: what a person's editor does with the hub.
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'

export type Sdk = '1.32' | '2.4'

export interface SessionOptions {
  /** default 1.32, which speaks 2025-11-25; 2.4 speaks 2026-07-28 */
  readonly sdk?: Sdk
  /** answers what a server asks in the middle of a call */
  readonly onAsked?: () => Promise<{ action: 'accept'; content: { name: string } }>
}

export interface CallOptions {
  readonly onProgress?: (message: string) => void
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

type Arguments = Readonly<Record<string, unknown>>

export interface Session {
  listTools(): Promise<string[]>
  /** Text of the first content block. @throws for a tool's own error and for a JSON-RPC error, with its code in the message */
  call(tool: string, args?: Arguments, options?: CallOptions): Promise<string>
  /** how many tools/list_changed arrived */
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
const TIMEOUT_MS = 60_000

const presentOptions = ({ onProgress, timeoutMs = TIMEOUT_MS, signal }: CallOptions) => ({
  timeout: timeoutMs,
  resetTimeoutOnProgress: true,
  ...(signal && { signal }),
  ...(onProgress && { onprogress: ({ message }: { message?: string | undefined }) => onProgress(message ?? '') }),
})

async function openV1(url: URL, reach: typeof fetch, { onAsked }: SessionOptions): Promise<Session> {
  const client = new ClientV1(INFO, { capabilities: onAsked ? { elicitation: {} } : {} })
  let changes = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++)
  if (onAsked) client.setRequestHandler(ElicitRequestSchema, onAsked)
  await client.connect(new TransportV1(url, { fetch: reach }) as Transport)
  return {
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}, options = {}) => {
      const result = await client.callTool({ name, arguments: { ...args } }, undefined, presentOptions(options))
      return firstText(result as CallResult)
    },
    listChanges: () => changes,
    close: () => client.close(),
  }
}

async function openV2(url: URL, reach: typeof fetch, { onAsked }: SessionOptions): Promise<Session> {
  const client = new ClientV2(INFO, {
    capabilities: onAsked ? { elicitation: {} } : {},
    versionNegotiation: { mode: 'auto' },
  })
  let changes = 0
  client.setNotificationHandler('notifications/tools/list_changed', () => void changes++)
  if (onAsked) client.setRequestHandler('elicitation/create', onAsked)
  await client.connect(new TransportV2(url, { fetch: reach }))
  return {
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}, options = {}) => {
      const result = await client.callTool({ name, arguments: { ...args } }, presentOptions(options))
      return firstText(result as CallResult)
    },
    listChanges: () => changes,
    close: () => client.close(),
  }
}

/** @param reach how the hub is reached */
export const openSession = (url: URL, reach: typeof fetch, options: SessionOptions): Promise<Session> =>
  (options.sdk === '2.4' ? openV2 : openV1)(url, reach, options)

interface Whereabouts {
  readonly pod: string
  readonly address: string
}
const whereIs = async (session: Session): Promise<Whereabouts> =>
  JSON.parse(await session.call('whoami')) as Whereabouts

/** Name of the pod that answers. A later pod of the same sandbox may have it again. */
export const podOf = async (session: Session): Promise<string> => (await whereIs(session)).pod

/** Name and address: those of two pods differ. */
export const placeOf = async (session: Session): Promise<string> => {
  const { pod, address } = await whereIs(session)
  return `${pod} ${address}`
}
