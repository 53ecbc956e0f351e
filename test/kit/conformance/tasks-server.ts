// A server of the tasks extension of 2026-07-28, with the tools its conformance scenarios look for. Made by hand: the official SDK has no server of it.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Json = Record<string, unknown>
interface Message {
  readonly id?: string | number
  readonly method: string
  readonly params?: Json
}
interface Task {
  readonly taskId: string
  readonly createdAt: string
  status: string
  /** what came of it, or what it waits for */
  outcome: Json
  timer: NodeJS.Timeout | null
}
interface Fault {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

const TASKS = 'io.modelcontextprotocol/tasks'
const META = 'io.modelcontextprotocol/'
const NAMED: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
}
const REQUIRED = new Set(['failing_job', 'protocol_error_job', 'test_tool_with_task'])
const TOOLS = [
  'greet',
  'slow_compute',
  'failing_job',
  'protocol_error_job',
  'confirm_delete',
  'multi_input',
  'test_tool_with_task',
]

const text = (value: string) => ({ content: [{ type: 'text', text: value }] })
const question = (message: string) => ({
  method: 'elicitation/create',
  params: { mode: 'form', message, requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
})
const refuse = (code: number, message: string, data?: unknown): never => {
  throw Object.assign(new Error(message), { code, data })
}

class TaskBook {
  readonly #tasks = new Map<string, Task>()

  create(): Task {
    const task: Task = {
      taskId: randomUUID(),
      createdAt: new Date().toISOString(),
      status: 'working',
      outcome: {},
      timer: null,
    }
    this.#tasks.set(task.taskId, task)
    return task
  }

  finish(task: Task, ms: number, outcome: Json, status = 'completed'): Task {
    task.timer = setTimeout(() => Object.assign(task, { status, outcome }), ms)
    task.timer.unref()
    return task
  }

  find(taskId: unknown): Task {
    return this.#tasks.get(String(taskId)) ?? refuse(-32602, 'Task not found')
  }

  cancel(task: Task): void {
    if (['completed', 'failed', 'cancelled'].includes(task.status)) return
    if (task.timer) clearTimeout(task.timer)
    Object.assign(task, { status: 'cancelled', outcome: {} })
  }

  /** Answers take their questions away; with the last one the task goes on. */
  update(task: Task, answers: Json): void {
    const open = task.outcome['inputRequests'] as Json | undefined
    if (task.status !== 'input_required' || open === undefined) return
    const left = Object.fromEntries(Object.entries(open).filter(([key]) => !(key in answers)))
    task.outcome = { inputRequests: left }
    if (Object.keys(left).length > 0) return
    Object.assign(task, { status: 'working', outcome: {} })
    this.finish(task, 50, { result: text('thank you') })
  }
}

const present = ({ taskId, status, createdAt }: Task) => ({
  taskId,
  status,
  createdAt,
  lastUpdatedAt: new Date().toISOString(),
  ttlMs: 60_000,
  pollIntervalMs: 100,
})

function callTool(book: TaskBook, params: Json, declares: boolean): Json {
  const name = String(params['name'])
  const args = (params['arguments'] ?? {}) as Json
  if (name === 'greet') return text(`Hello, ${String(args['name'])}!`)
  if (!declares) {
    const requiredCapabilities = { extensions: { [TASKS]: {} } }
    if (REQUIRED.has(name)) refuse(-32021, 'This tool makes a task of every call', { requiredCapabilities })
    return text('done at once')
  }
  const answers = params['inputResponses'] as Record<string, { content?: { name?: string } }> | undefined
  if (name === 'test_tool_with_task' && answers === undefined) {
    return {
      resultType: 'input_required',
      inputRequests: { user_name: question('Who are you?') },
      requestState: 'round-1',
    }
  }
  return {
    resultType: 'task',
    ...present(startTask(book, name, { ...args, who: answers?.['user_name']?.content?.name })),
  }
}

function startTask(book: TaskBook, name: string, args: Json): Task {
  const task = book.create()
  if (name === 'slow_compute') return book.finish(task, Number(args['seconds']) * 1000, { result: text('computed') })
  if (name === 'failing_job') return book.finish(task, 300, { result: { ...text('it failed'), isError: true } })
  if (name === 'protocol_error_job')
    return book.finish(task, 300, { error: { code: -32603, message: 'it broke' } }, 'failed')
  if (name === 'test_tool_with_task') return book.finish(task, 100, { result: text(`Hello, ${String(args['who'])}!`) })
  const asked = name === 'multi_input' ? ['first', 'second'] : ['confirm']
  task.status = 'input_required'
  task.outcome = { inputRequests: Object.fromEntries(asked.map((key) => [key, question(key)])) }
  return task
}

function answer(book: TaskBook, { method, params = {} }: Message): Json {
  const meta = (params['_meta'] ?? {}) as Record<string, { extensions?: Json } | undefined>
  const declares = meta[`${META}clientCapabilities`]?.extensions?.[TASKS] !== undefined
  if (method === 'server/discover') {
    const capabilities = { tools: {}, extensions: { [TASKS]: {} } }
    return { supportedVersions: ['2026-07-28'], capabilities, ttlMs: 0, cacheScope: 'private' }
  }
  if (method === 'tools/list') {
    const tools = TOOLS.map((name) => ({ name, inputSchema: { type: 'object' } }))
    return { tools, ttlMs: 0, cacheScope: 'private' }
  }
  if (method === 'tools/call') return callTool(book, params, declares)
  if (!['tasks/get', 'tasks/update', 'tasks/cancel'].includes(method)) refuse(-32601, 'Method not found')
  if (!declares) refuse(-32021, 'Tasks were not declared', { requiredCapabilities: { extensions: { [TASKS]: {} } } })
  const task = book.find(params['taskId'])
  if (method === 'tasks/get') return { ...present(task), ...task.outcome }
  if (method === 'tasks/update') book.update(task, params['inputResponses'] as Json)
  else book.cancel(task)
  return {}
}

function handle(book: TaskBook, message: Message, req: IncomingMessage, res: ServerResponse): void {
  const send = (status: number, body: Json) => {
    res.writeHead(status, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...body }))
  }
  const named = NAMED[message.method]
  const isMismatched =
    req.headers['mcp-method'] !== message.method ||
    (named !== undefined && req.headers['mcp-name'] !== message.params?.[named])
  if (isMismatched) return send(400, { error: { code: -32020, message: 'A header does not match the body' } })
  try {
    send(200, { result: { resultType: 'complete', ...answer(book, message) } })
  } catch (thrown) {
    const { code, message: why, data } = thrown as Fault
    const status = code === -32021 ? 400 : code === -32601 ? 404 : 200
    send(status, { error: { code, message: why, ...(data === undefined ? {} : { data }) } })
  }
}

export async function startTasksServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const book = new TaskBook()
  const server = createServer((req, res) => {
    if (req.method !== 'POST') return res.writeHead(405).end()
    let body = ''
    req.on('data', (chunk) => (body += String(chunk)))
    req.on('end', () => {
      const message = JSON.parse(body) as Message
      if (message.id === undefined) res.writeHead(202).end()
      else handle(book, message, req, res)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/mcp`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
