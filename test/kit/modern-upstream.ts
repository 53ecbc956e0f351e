// A server of the 2026-07-28 era made with the official SDK, on a real socket; remembers the requests it saw.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

export interface ModernUpstream {
  readonly url: string
  readonly seen: { readonly method: string; readonly headers: IncomingHttpHeaders }[]
  /** how many tool handlers ran to their end or were aborted */
  readonly aborted: string[]
  close(): Promise<void>
}

const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })

function buildServer(aborted: string[]): McpServer {
  const server = new McpServer({ name: 'modern', version: '1.0.0' }, { instructions: 'a modern one' })
  const echoInput = z.object({ value: z.string().optional() })
  server.registerTool('echo', { inputSchema: echoInput }, async ({ value }) => text(value ?? 'nothing'))
  const mirrored = z.object({
    region: z.string().meta({ 'x-mcp-header': 'Region' }),
    level: z.number().int().optional(),
  })
  server.registerTool('mirrored', { inputSchema: mirrored }, async ({ region }) => text(region))
  server.registerTool('large', { inputSchema: z.object({ times: z.number() }) }, async ({ times }) =>
    text('x'.repeat(times)),
  )
  server.registerTool('steps', { inputSchema: z.object({}) }, async (_args, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken
    for (let progress = 1; progress <= 3 && progressToken !== undefined; progress++) {
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress } })
    }
    return text('done')
  })
  server.registerTool('hang', { inputSchema: z.object({}) }, (_args, ctx) => {
    return new Promise((_resolve, reject) => {
      ctx.mcpReq.signal.addEventListener('abort', () => {
        aborted.push('hang')
        reject(new Error('aborted'))
      })
    })
  })
  return server
}

export async function openModernUpstream(
  options: { readonly legacy?: 'stateless' | 'reject'; readonly responseMode?: 'auto' | 'sse' | 'json' } = {},
): Promise<ModernUpstream> {
  const aborted: string[] = []
  const seen: ModernUpstream['seen'] = []
  const handler = createMcpHandler(() => buildServer(aborted), options)
  const serve = toNodeHandler(handler)
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk) => (body += String(chunk)))
    req.on('end', () => {
      const parsed = (body === '' ? {} : JSON.parse(body)) as { method?: string }
      seen.push({ method: parsed.method ?? req.method ?? '', headers: req.headers })
      void serve(req as Parameters<typeof serve>[0], res, parsed)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    seen,
    aborted,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
