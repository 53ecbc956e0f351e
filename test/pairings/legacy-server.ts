// The probe server of 2025-11-25 and older, on the official SDK 1.x: the same for Streamable HTTP with sessions, HTTP+SSE and stdio.
import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import * as t from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import * as surface from './surface.ts'

type Extra = RequestHandlerExtra<t.ServerRequest, t.ServerNotification>
type CallParams = t.CallToolRequest['params']
type Tool = (params: CallParams, extra: Extra) => Promise<object>

const ANYTHING = z.looseObject({})

export function buildLegacyServer(probe: surface.Surface, taskStore = new InMemoryTaskStore()): Server {
  const capabilities = {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    completions: {},
    logging: {},
    extensions: { [surface.EXTENSION]: { version: 1 } },
    tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
  }
  const server = new Server(
    { name: 'probe', version: '1.0.0', title: 'Probe' },
    { capabilities, instructions: surface.INSTRUCTIONS, taskStore },
  )
  const subscribed = new Set<string>()
  probe.sessions.add(server)
  server.onclose = () => probe.sessions.delete(server)
  const tools = buildTools(server, probe, subscribed)
  server.setRequestHandler(t.ListToolsRequestSchema, () => ({ tools: surface.listTools(probe) }) as t.ListToolsResult)
  server.setRequestHandler(t.CallToolRequestSchema, async ({ params }, extra) => {
    const tool = tools[params.name]
    if (tool === undefined) throw new t.McpError(t.ErrorCode.InvalidParams, `Unknown tool: ${params.name}`)
    return (await tool(params, extra)) as t.CallToolResult
  })
  server.setRequestHandler(t.ListPromptsRequestSchema, () => ({ prompts: surface.listPrompts(probe) }))
  server.setRequestHandler(t.GetPromptRequestSchema, async ({ params }, { sendRequest }) => {
    if (params.name !== 'ask') return surface.getPrompt(params.arguments?.['name'])
    return surface.getPrompt(JSON.stringify(await sendRequest(surface.QUESTIONS.elicit as never, ANYTHING)))
  })
  server.setRequestHandler(
    t.ListResourcesRequestSchema,
    () => ({ resources: surface.listResources(probe) }) as t.ListResourcesResult,
  )
  server.setRequestHandler(t.ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: surface.listTemplates(),
  }))
  server.setRequestHandler(t.ReadResourceRequestSchema, async ({ params }, { sendRequest }) => {
    if (params.uri === 'probe://ask') {
      const answer = await sendRequest(surface.QUESTIONS.elicit as never, ANYTHING)
      return { contents: [{ uri: params.uri, text: JSON.stringify(answer) }] }
    }
    const found = surface.readResource(probe, params.uri)
    if (found === null) throw new t.McpError(-32_002, 'Resource not found', { uri: params.uri })
    return found
  })
  server.setNotificationHandler(t.RootsListChangedNotificationSchema, () => void probe.rootsChanged++)
  server.setRequestHandler(t.SubscribeRequestSchema, ({ params }) => (subscribed.add(params.uri), {}))
  server.setRequestHandler(t.UnsubscribeRequestSchema, ({ params }) => (subscribed.delete(params.uri), {}))
  server.setRequestHandler(t.CompleteRequestSchema, ({ params }) => surface.complete(params.argument.value))
  return server
}

function buildTools(server: Server, probe: surface.Surface, subscribed: Set<string>): Readonly<Record<string, Tool>> {
  const ask =
    (question: surface.Question): Tool =>
    async (_params, { sendRequest }) =>
      surface.text(await sendRequest(surface.QUESTIONS[question] as never, ANYTHING).catch(asFault))
  return {
    rich: async () => surface.RICH_RESULT,
    whoami: async (params, { _meta }) =>
      surface.text({
        meta: _meta,
        arguments: params.arguments,
        capabilities: server.getClientCapabilities(),
        client: server.getClientVersion(),
      }),
    fault: () => Promise.reject(new t.McpError(4711, 'as it was meant', { why: ['probe'] })),
    failure: async () => ({ ...surface.text('it did not work'), isError: true }),
    async progress({ arguments: args }, { _meta, sendNotification }) {
      const progressToken = _meta?.progressToken
      for (let progress = 1; progress <= Number(args?.['steps']) && progressToken !== undefined; progress++) {
        const params = { progressToken, progress, total: Number(args?.['steps']), message: `step ${progress}` }
        await sendNotification({ method: 'notifications/progress', params })
      }
      return surface.text('done')
    },
    /** says that it has begun, then nothing */
    hang: (_params, { signal, _meta, sendNotification }) =>
      new Promise((_resolve, reject) => {
        const { progressToken } = _meta ?? {}
        if (progressToken === undefined) return reject(new Error('nobody would know that it has begun'))
        void sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
        signal.addEventListener('abort', () => {
          probe.aborted++
          reject(new Error('aborted'))
        })
      }),
    aborted: async () => surface.text(probe.aborted),
    'roots-changed': async () => surface.text(probe.rootsChanged),
    mirror: async (params) => surface.text({ region: params.arguments?.['region'], header: null }),
    async change({ arguments: args }, { sendNotification }) {
      const list = args?.['list'] as 'tools' | 'prompts' | 'resources'
      if (!probe.extra.delete(list)) probe.extra.add(list)
      const message = { method: `notifications/${list}/list_changed` } as const
      await sendNotification(message)
      // and whoever else is connected, as servers do whose tools come and go
      const others = [...probe.sessions].filter((session) => session !== server)
      await Promise.allSettled(others.map((session) => session.notification(message)))
      return surface.text('changed')
    },
    async touch() {
      probe.touched++
      const uri = 'probe://counter'
      if (subscribed.has(uri)) await server.sendResourceUpdated({ uri })
      return surface.text(probe.touched)
    },
    async log(_params, { sendNotification }) {
      for (const params of surface.LOGGED) await sendNotification({ method: 'notifications/message', params })
      return surface.text('logged')
    },
    sample: ask('sample'),
    elicit: ask('elicit'),
    'elicit-url': ask('elicit-url'),
    roots: ask('roots'),
    async 'ask-twice'(_params, { sendRequest }) {
      const first = await sendRequest(surface.QUESTIONS.elicit as never, ANYTHING).catch(asFault)
      const second = await sendRequest(surface.QUESTIONS.sample as never, ANYTHING).catch(asFault)
      return surface.text([first, second])
    },
    async task(params, { taskStore }) {
      if (params.task === undefined || taskStore === undefined) return surface.text('at once')
      const task = await taskStore.createTask({ ttl: 60_000, pollInterval: 50 })
      if (params.arguments?.['endless'] === true) return { task }
      setTimeout(() => void taskStore.storeTaskResult(task.taskId, 'completed', surface.text('in the end')), 100)
      return { task }
    },
  }
}

/** What the asker was told, so that a test can read it. */
const asFault = (error: unknown) => ({ fault: error instanceof t.McpError ? error.code : String(error) })
