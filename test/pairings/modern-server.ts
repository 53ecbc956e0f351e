// The probe server of 2026-07-28, on the official SDK 2.x: one server object for each request, what it remembers beside them.
import { randomUUID } from 'node:crypto'
import { createMcpHandler, inputRequired, ProtocolError, Server } from '@modelcontextprotocol/server'
import type { McpHttpHandler, ServerContext } from '@modelcontextprotocol/server'
import { z } from 'zod'
import * as surface from './surface.ts'

interface Probe {
  readonly surface: surface.Surface
  readonly tasks: Map<string, { status: string; readonly result: object | null }>
  notify(): McpHttpHandler['notify']
}
type Tool = (args: Record<string, unknown>, ctx: ServerContext, probe: Probe) => Promise<object>

const LOOSE = z.looseObject({})
/** extension of 2026-07-28 (seps/2663) */
const TASKS = 'io.modelcontextprotocol/tasks'

export function createModernProbe(state: surface.Surface): McpHttpHandler {
  const probe: Probe = { surface: state, tasks: new Map(), notify: () => handler.notify }
  const handler = createMcpHandler(() => buildModernServer(probe) as never, { legacy: 'reject' })
  return handler
}

function buildModernServer(probe: Probe): Server {
  const capabilities = {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    completions: {},
    logging: {},
    extensions: { [TASKS]: {}, [surface.EXTENSION]: { version: 1 } },
  }
  const server = new Server({ name: 'probe', version: '1.0.0' }, { capabilities, instructions: surface.INSTRUCTIONS })
  const state = probe.surface
  // the SDK's types know less than the protocol lets through
  const on = (method: string, handle: (params: Record<string, never>, ctx: ServerContext) => unknown) =>
    server.setRequestHandler(
      method as 'tools/call',
      ((request: { params: Record<string, never> }, ctx: ServerContext) => handle(request.params, ctx)) as never,
    )
  on('tools/list', () => ({ tools: surface.listTools(state), ttlMs: 60_000, cacheScope: 'public' }))
  on('tools/call', (params, ctx) => {
    const tool = TOOLS[params['name']!]
    if (tool === undefined) throw new ProtocolError(-32_602, `Unknown tool: ${String(params['name'])}`)
    return tool(params['arguments'] ?? {}, ctx, probe)
  })
  on('prompts/list', () => ({ prompts: surface.listPrompts(state), ttlMs: 60_000, cacheScope: 'public' }))
  on('prompts/get', (params, ctx) => {
    if (params['name'] !== 'ask') {
      return surface.getPrompt((params['arguments'] as Record<string, unknown> | undefined)?.['name'])
    }
    const answer = ctx.mcpReq.inputResponses?.['answer']
    return answer === undefined ? askOnce('elicit') : surface.getPrompt(JSON.stringify(answer))
  })
  on('resources/list', () => ({ resources: surface.listResources(state), ttlMs: 60_000, cacheScope: 'public' }))
  on('resources/templates/list', () => ({
    resourceTemplates: surface.listTemplates(),
    ttlMs: 60_000,
    cacheScope: 'public',
  }))
  on('resources/read', (params, ctx) => {
    if (params['uri'] === 'probe://ask') {
      const answer = ctx.mcpReq.inputResponses?.['answer']
      if (answer === undefined) return askOnce('elicit')
      return { contents: [{ uri: 'probe://ask', text: JSON.stringify(answer) }], ttlMs: 0, cacheScope: 'private' }
    }
    const found = surface.readResource(state, params['uri']!)
    if (found === null) throw new ProtocolError(-32_602, 'Resource not found', { uri: params['uri'] })
    return { ...found, ttlMs: 1_000, cacheScope: 'public' }
  })
  on('completion/complete', (params) => surface.complete(params['argument']!['value']))
  serveTasks(server, probe)
  return server
}

function serveTasks(server: Server, { tasks }: Probe): void {
  const find = (params: object) => {
    const taskId = String((params as { taskId?: unknown }).taskId)
    const task = tasks.get(taskId)
    if (task === undefined) throw new ProtocolError(-32_602, 'Unknown task')
    return { taskId, task }
  }
  server.setRequestHandler('tasks/get', { params: LOOSE }, (params) => {
    const { taskId, task } = find(params)
    return { ...describeTask(taskId, task), resultType: 'complete' }
  })
  server.setRequestHandler('tasks/cancel', { params: LOOSE }, (params) => {
    find(params).task.status = 'cancelled'
    return { resultType: 'complete' }
  })
}

function describeTask(taskId: string, task: { status: string; readonly result: object | null }) {
  const at = new Date(0).toISOString()
  const result = task.status === 'completed' ? { result: task.result } : {}
  return { taskId, status: task.status, createdAt: at, lastUpdatedAt: at, ttlMs: 60_000, pollIntervalMs: 50, ...result }
}

/** a question as this revision has it */
function questionOf(name: surface.Question): never {
  const { method, params } = surface.QUESTIONS[name]
  const { elicitationId: _, ...rest } = params as Record<string, unknown>
  return { method, params: rest } as never
}

const askOnce = (question: surface.Question) => inputRequired({ inputRequests: { answer: questionOf(question) } })

const ask =
  (question: surface.Question): Tool =>
  async (_args, { mcpReq }) => {
    const answer = mcpReq.inputResponses?.['answer']
    if (answer !== undefined) return surface.text({ ...(answer as object), state: mcpReq.requestState() })
    return inputRequired({ inputRequests: { answer: questionOf(question) }, requestState: 'step-1' })
  }

const TOOLS: Readonly<Record<string, Tool>> = {
  rich: async () => surface.RICH_RESULT,
  whoami: async (args, { mcpReq }) => {
    const { _meta, envelope } = mcpReq
    const of = (name: string) => (envelope as Record<string, unknown> | undefined)?.[`io.modelcontextprotocol/${name}`]
    return surface.text({
      meta: _meta,
      arguments: args,
      capabilities: of('clientCapabilities'),
      client: of('clientInfo'),
    })
  },
  fault: () => Promise.reject(new ProtocolError(4711, 'as it was meant', { why: ['probe'] })),
  failure: async () => ({ ...surface.text('it did not work'), isError: true }),
  async progress(args, { mcpReq }) {
    const progressToken = mcpReq._meta?.progressToken
    for (let progress = 1; progress <= Number(args['steps']) && progressToken !== undefined; progress++) {
      const params = { progressToken, progress, total: Number(args['steps']), message: `step ${progress}` }
      await mcpReq.notify({ method: 'notifications/progress', params })
    }
    return surface.text('done')
  },
  hang: (_args, { mcpReq }, { surface: state }) =>
    new Promise((_resolve, reject) => {
      const { progressToken } = mcpReq._meta ?? {}
      if (progressToken === undefined) return reject(new Error('nobody would know that it has begun'))
      void mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
      mcpReq.signal.addEventListener('abort', () => {
        state.aborted++
        reject(new Error('aborted'))
      })
    }),
  'roots-changed': async (_args, _ctx, { surface: state }) => surface.text(state.rootsChanged),
  mirror: async ({ region }, { http }) => surface.text({ region, header: http?.req?.headers.get('mcp-param-region') }),
  aborted: async (_args, _ctx, { surface: state }) => surface.text(state.aborted),
  async change(args, _ctx, { surface: { extra }, notify }) {
    const list = args['list'] as 'tools' | 'prompts' | 'resources'
    if (!extra.delete(list)) extra.add(list)
    notify()[`${list}Changed`]()
    return surface.text('changed')
  },
  async touch(_args, _ctx, { surface: state, notify }) {
    state.touched++
    notify().resourceUpdated('probe://counter')
    return surface.text(state.touched)
  },
  async log(_args, { mcpReq }) {
    for (const { level, data, logger } of surface.LOGGED) await mcpReq.log(level, data, logger)
    return surface.text('logged')
  },
  sample: ask('sample'),
  elicit: ask('elicit'),
  'elicit-url': ask('elicit-url'),
  roots: ask('roots'),
  async 'ask-twice'(_args, { mcpReq }) {
    const { inputResponses } = mcpReq
    if (inputResponses !== undefined) return surface.text([inputResponses['first'], inputResponses['second']])
    return inputRequired({ inputRequests: { first: questionOf('elicit'), second: questionOf('sample') } })
  },
  async task(args, { mcpReq }, { tasks }) {
    const declared = (mcpReq.envelope as Record<string, { extensions?: object } | undefined> | undefined)?.[
      'io.modelcontextprotocol/clientCapabilities'
    ]?.extensions
    if (declared === undefined || !(TASKS in declared)) return surface.text('at once')
    const taskId = randomUUID()
    const task = { status: 'working', result: surface.text('in the end') }
    tasks.set(taskId, task)
    if (args['endless'] !== true) setTimeout(() => (task.status = 'completed'), 100)
    return { resultType: 'task', ...describeTask(taskId, task) }
  },
}
