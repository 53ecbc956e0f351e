// Rows of the pairing matrix: calls that go on behind a task. 2025-11-25 has them where the client asks for one, 2026-07-28 as an extension where the
// server makes one.
import type { Loose } from '../kit/raw-client.ts'
import { LEGACY_UPS, SESSIONS, type Cell, type Feature, type Outcome, type Rule } from './matrix.ts'

const AREA = 'Tasks'
const NONE_HERE: readonly Rule[] = [
  { down: [...SESSIONS, 'plain POST'], up: ['modern HTTP'], is: 'client: -32602' },
  { down: ['2026-07-28'], up: LEGACY_UPS, is: 'passes as an answer at once' },
]

/** The task the tool made, or what else came. */
async function begin({ client, down }: Cell, args: object): Promise<{ taskId: string } | Outcome> {
  const isModern = down === '2026-07-28'
  const params = { name: 'task', arguments: args, ...(isModern ? {} : { task: { ttl: 60_000 } }) }
  const { result, error } = await client.request('tools/call', params)
  if (error !== undefined) return `client: ${error.code}`
  const taskId = isModern ? result.taskId : result.task?.taskId
  if (taskId === undefined) return 'passes as an answer at once'
  // long enough to be sealed: the server's own id says nothing of whose it is
  return taskId.length > 60 ? { taskId } : 'none: the id of the server'
}

async function look({ client }: Cell, taskId: string): Promise<Loose> {
  const { result, error } = await client.request('tasks/get', { taskId })
  if (error !== undefined) throw new Error(`tasks/get: ${error.code} ${error.message}`)
  return result
}

export const TASKS: readonly Feature[] = [
  {
    area: AREA,
    title: 'made, looked at, and its result fetched',
    note: 'Each era has its own: the server of the other makes none. Ids are sealed to their user, so nobody can name another’s.',
    rules: NONE_HERE,
    async exchange(cell) {
      const task = await begin(cell, {})
      if (typeof task === 'string') return task
      const { taskId } = task
      const done = await cell.until('the task is done', async () => {
        const seen = await look(cell, taskId)
        return seen.status === 'completed' && seen.taskId === taskId && seen
      })
      const isModern = cell.down === '2026-07-28'
      const result = isModern ? done.result : (await cell.client.request('tasks/result', { taskId })).result
      return result?.content[0].text === 'in the end' ? 'passes' : `none: ${JSON.stringify(done)}`
    },
  },
  {
    area: AREA,
    title: 'canceled',
    rules: NONE_HERE,
    async exchange(cell) {
      const task = await begin(cell, { endless: true })
      if (typeof task === 'string') return task
      const { error } = await cell.client.request('tasks/cancel', { taskId: task.taskId })
      if (error !== undefined) return `client: ${error.code}`
      return (await look(cell, task.taskId)).status === 'cancelled' ? 'passes' : 'none: it goes on'
    },
  },
  {
    area: AREA,
    title: '`tasks/list`',
    note: 'Nobody gets it: a server that many share would list everybody’s.',
    rules: [{ is: 'client: -32601' }],
    async exchange({ client }) {
      const { error } = await client.request('tasks/list')
      return error === undefined ? 'passes' : `client: ${error.code}`
    },
  },
]
