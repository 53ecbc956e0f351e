// The fixture's tools that answer without asking anybody anything: contents, errors, progress, logs, changes of lists.
import { setTimeout as sleep } from 'node:timers/promises'
import { fromJsonSchema, type McpServer, type ServerContext } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { PNG_CONTENT, RICH_SCHEMA, text, WAV } from './fixture-content.ts'
import type { FixtureWorld } from './fixture-world.ts'

/** between two notifications of one call */
const PAUSE_MS = 50
const nothing = z.object({})

export function registerTools(server: McpServer, world: FixtureWorld): void {
  registerContents(server)
  registerRunning(server)
  const about = (description: string) => ({ description, inputSchema: nothing })
  server.registerTool('test_trigger_tool_change', about('Adds or removes a tool'), async () => {
    world.changeTools()
    return text('The tools have changed')
  })
  server.registerTool('test_trigger_prompt_change', about('Adds or removes a prompt'), async () => {
    world.changePrompts()
    return text('The prompts have changed')
  })
}

function registerContents(server: McpServer): void {
  const about = (description: string) => ({ description, inputSchema: nothing })
  server.registerTool('test_simple_text', about('Text'), async () =>
    text('This is a simple text response for testing.'),
  )
  server.registerTool('test_image_content', about('An image'), async () => ({ content: [PNG_CONTENT] }))
  server.registerTool('test_audio_content', about('A sound'), async () => ({
    content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  }))
  server.registerTool('test_embedded_resource', about('A resource'), async () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }))
  server.registerTool('test_multiple_content_types', about('Text, an image and a resource'), async () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      PNG_CONTENT,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: JSON.stringify({ test: 'data', value: 123 }),
        },
      },
    ],
  }))
  server.registerTool('test_error_handling', about('Always fails'), async () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
  const rich = { description: 'Takes what JSON Schema 2020-12 can say', inputSchema: fromJsonSchema(RICH_SCHEMA) }
  server.registerTool('json_schema_2020_12_tool', rich, async (args) => text(JSON.stringify(args)))
  const mirrored = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }), verbose: z.boolean().optional() })
  server.registerTool(
    'test_header_mirror',
    { description: 'Takes an argument that a header repeats', inputSchema: mirrored },
    async ({ region }) => text(region),
  )
}

function registerRunning(server: McpServer): void {
  const about = (description: string) => ({ description, inputSchema: nothing })
  server.registerTool('test_tool_with_logging', about('Logs while it runs'), async (_args, ctx) => {
    await ctx.mcpReq.log('info', 'Tool execution started')
    await sleep(PAUSE_MS)
    await ctx.mcpReq.log('info', 'Tool processing data')
    await sleep(PAUSE_MS)
    await ctx.mcpReq.log('info', 'Tool execution completed')
    return text('Logged three times')
  })
  server.registerTool('test_logging_tool', about('Logs once'), async (_args, ctx) => {
    await ctx.mcpReq.log('info', 'A line of the log')
    return text('Logged once')
  })
  server.registerTool('test_tool_with_progress', about('Reports progress'), async (_args, ctx) => {
    for (const progress of [0, 50, 100]) {
      await report(ctx, progress)
      if (progress < 100) await sleep(PAUSE_MS)
    }
    return text('Reported progress')
  })
  server.registerTool('test_reconnection', about('Closes its stream while it runs'), async (_args, ctx) => {
    await sleep(PAUSE_MS)
    ctx.http?.closeSSE?.()
    await sleep(PAUSE_MS)
    return text('Reconnection test completed')
  })
}

async function report(ctx: ServerContext, progress: number): Promise<void> {
  const progressToken = ctx.mcpReq._meta?.progressToken
  if (progressToken === undefined) return
  const params = { progressToken, progress, total: 100, message: `Completed ${progress} of 100` }
  await ctx.mcpReq.notify({ method: 'notifications/progress', params })
}

/** For clients without tasks; for the others fixture-tasks.ts answers in their place. */
export function registerJobs(server: McpServer): void {
  const greet = { description: 'Greets', inputSchema: z.object({ name: z.string() }) }
  server.registerTool('greet', greet, async ({ name }) => text(`Hello, ${name}!`))
  const slow = { description: 'Takes a while', inputSchema: z.object({ seconds: z.number(), label: z.string() }) }
  server.registerTool('slow_compute', slow, async () => text('42'))
  const remove = { description: 'Asks before it deletes', inputSchema: z.object({ filename: z.string() }) }
  server.registerTool('confirm_delete', remove, async () => text('Nothing was deleted'))
  for (const name of ['failing_job', 'protocol_error_job', 'multi_input', 'test_tool_with_task']) {
    server.registerTool(name, { description: 'Goes on as a task', inputSchema: nothing }, async () =>
      text('Nothing was done'),
    )
  }
}
