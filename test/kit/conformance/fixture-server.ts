// The server the official conformance suites expect, by the names in their scenarios: one instance for a session, a process or a modern request.
import { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { text } from './fixture-content.ts'
import { registerInputTools } from './fixture-input-tools.ts'
import { registerPrompts, registerResources } from './fixture-offers.ts'
import { TASKS_EXTENSION } from './fixture-tasks.ts'
import { registerJobs, registerTools } from './fixture-tools.ts'
import type { FixtureWorld } from './fixture-world.ts'

/** @param isLasting it is one of 2025-11-25 that lives for more than one request, so it must hear of changes; it has no tasks */
export function buildFixture(world: FixtureWorld, isLasting: boolean): McpServer {
  const server = new McpServer(
    { name: 'conformance-fixture', version: '1.0.0' },
    {
      instructions: 'For the official conformance suites.',
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        completions: {},
        logging: {},
        ...(isLasting ? {} : { extensions: { [TASKS_EXTENSION]: {} } }),
      },
      requestState: { verify: (state, ctx) => world.states.verify(state, ctx) },
    },
  )
  registerTools(server, world)
  if (!isLasting) registerJobs(server)
  registerInputTools(server, world)
  registerPrompts(server)
  registerResources(server)
  const about = { description: 'Comes and goes' }
  const tool = server.registerTool('test_dynamic_tool', { ...about, inputSchema: z.object({}) }, async () =>
    text('here'),
  )
  const prompt = server.registerPrompt('test_dynamic_prompt', about, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'here' } }],
  }))
  world.adopt(server, { tool, prompt }, isLasting)
  if (isLasting) server.server.onclose = () => world.forget(server)
  return server
}
