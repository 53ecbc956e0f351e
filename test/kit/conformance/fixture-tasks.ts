// The tasks extension (SEP-2663) in front of the fixture: tools whose calls go on as tasks, answered by hand, since the SDK has no such extension.
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { inputRequired } from '@modelcontextprotocol/server'
import { text, textField } from './fixture-content.ts'

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'

type Json = Record<string, unknown>

export interface TaskAnswer {
  readonly status: number
  readonly body: Json
}

interface Asked {
  readonly id: unknown
  readonly method: string
  readonly params: Json
  readonly headers: IncomingHttpHeaders
}

interface Task {
  readonly base: Json
  status: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled'
  /** `result`, `error` or `inputRequests`, as the status has it */
  outcome: Json
}

/** a second of the suite: it only needs the order of things */
const SECOND_MS = 100
const METHODS: ReadonlySet<string> = new Set(['tasks/get', 'tasks/update', 'tasks/cancel'])
const COMPLETE = { resultType: 'complete' }

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
const question = (message: string) => inputRequired.elicit({ message, requestedSchema: textField('name') })

export class FixtureTasks {
  readonly #tasks = new Map<string, Task>()

  /** null: nothing of tasks in it */
  answer(body: unknown, headers: IncomingHttpHeaders): TaskAnswer | null {
    if (!isObject(body) || !isObject(body['params'])) return null
    const asked: Asked = { id: body['id'], method: String(body['method']), params: body['params'], headers }
    if (METHODS.has(asked.method)) return this.#manage(asked)
    return asked.method === 'tools/call' ? this.#call(asked) : null
  }

  #manage(asked: Asked): TaskAnswer {
    const { headers, method, params } = asked
    const id = String(params['taskId'])
    if (headers['mcp-method'] !== method || headers['mcp-name'] !== id) {
      return refuse(asked, 400, { code: -32020, message: 'Header mismatch' })
    }
    if (!isDeclared(asked)) return refuseUndeclared(asked)
    const task = this.#tasks.get(id)
    if (task === undefined) return refuse(asked, 200, { code: -32602, message: 'Unknown task' })
    if (method === 'tasks/get') return reply(asked, { ...COMPLETE, ...task.base, status: task.status, ...task.outcome })
    if (method === 'tasks/update') takeResponses(task, params['inputResponses'])
    else if (task.status === 'working' || task.status === 'input_required') settle(task, 'cancelled', {})
    return reply(asked, COMPLETE)
  }

  /** Only of clients that declared the extension; what can do without runs as an ordinary tool for the others. */
  #call(asked: Asked): TaskAnswer | null {
    const { params } = asked
    const name = String(params['name'])
    if (!isDeclared(asked)) return name === 'failing_job' ? refuseUndeclared(asked) : null
    const args = isObject(params['arguments']) ? params['arguments'] : {}
    if (name === 'slow_compute') {
      return this.#start(asked, (task) => later(task, Number(args['seconds']), 'completed', { result: text('42') }))
    }
    if (name === 'failing_job') {
      const result = { ...text('The job failed'), isError: true }
      return this.#start(asked, (task) => later(task, 1, 'completed', { result }))
    }
    if (name === 'protocol_error_job') {
      const error = { code: -32603, message: 'The job broke' }
      return this.#start(asked, (task) => later(task, 0, 'failed', { error }))
    }
    if (name === 'confirm_delete') {
      return this.#start(asked, (task) =>
        settle(task, 'input_required', { inputRequests: { sure: question('Sure?') } }),
      )
    }
    if (name === 'multi_input') {
      const inputRequests = { first: question('First?'), second: question('Second?') }
      return this.#start(asked, (task) => settle(task, 'input_required', { inputRequests }))
    }
    return name === 'test_tool_with_task' ? this.#askFirst(asked) : null
  }

  /** Input is gathered before there is a task. */
  #askFirst(asked: Asked): TaskAnswer {
    const responses = asked.params['inputResponses']
    const given = isObject(responses) ? responses['user_name'] : undefined
    if (!isObject(given)) {
      return reply(asked, { resultType: 'input_required', inputRequests: { user_name: question('Who?') } })
    }
    const result = text(`Done for ${JSON.stringify(given['content'])}`)
    return this.#start(asked, (task) => later(task, 1, 'completed', { result }))
  }

  #start(asked: Asked, run: (task: Task) => void): TaskAnswer {
    const taskId = randomUUID()
    const at = new Date().toISOString()
    const task: Task = {
      base: { taskId, createdAt: at, lastUpdatedAt: at, ttlMs: 60_000, pollIntervalMs: 100 },
      status: 'working',
      outcome: {},
    }
    this.#tasks.set(taskId, task)
    run(task)
    return reply(asked, { resultType: 'task', ...task.base, status: 'working' })
  }
}

function settle(task: Task, status: Task['status'], outcome: Json): void {
  task.status = status
  task.outcome = outcome
}

function later(task: Task, seconds: number, status: Task['status'], outcome: Json): void {
  const timer = setTimeout(() => {
    if (task.status === 'working') settle(task, status, outcome)
  }, seconds * SECOND_MS)
  timer.unref()
}

/** Each question is answered by its key; the task goes on when none is left. */
function takeResponses(task: Task, responses: unknown): void {
  const requests = task.outcome['inputRequests']
  if (!isObject(requests) || !isObject(responses)) return
  const open = Object.entries(requests).filter(([key]) => !(key in responses))
  if (open.length > 0) task.outcome = { inputRequests: Object.fromEntries(open) }
  else settle(task, 'completed', { result: text('Answered') })
}

function isDeclared({ params }: Asked): boolean {
  const meta = params['_meta']
  const capabilities = isObject(meta) ? meta['io.modelcontextprotocol/clientCapabilities'] : undefined
  const extensions = isObject(capabilities) ? capabilities['extensions'] : undefined
  return isObject(extensions) && TASKS_EXTENSION in extensions
}

const reply = ({ id }: Asked, result: Json): TaskAnswer => ({ status: 200, body: { jsonrpc: '2.0', id, result } })

const refuse = ({ id }: Asked, status: number, error: Json): TaskAnswer => ({
  status,
  body: { jsonrpc: '2.0', id, error },
})

function refuseUndeclared(asked: Asked): TaskAnswer {
  const data = { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } }
  return refuse(asked, 400, { code: -32021, message: 'The client did not declare tasks', data })
}
