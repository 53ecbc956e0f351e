// Tasks of 2025-11-25 in a real hub: the official server makes one, a real client follows it, also where it stops to ask.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ElicitRequestSchema, type CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEverything, type Everything } from '../kit/everything.ts'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { remote } from '../kit/manifests.ts'
import { until } from '../kit/wait-until.ts'

const TOOL = 'everything__simulate-research-query'
let everything: Everything
let hub: TestHub
let alice: TestUser

beforeAll(async () => {
  everything = await startEverything()
  // the fourth second of a task's silence is more than a call may be silent here
  const env = { MCPHUB_CALL_IDLE_SECONDS: '2' }
  hub = await startHub({ manifests: { 'everything.yaml': remote('everything', everything.url) }, env })
  alice = await hub.addUser('alice')
  // what a session may do is said when it begins: one that begins before the server is discovered knows of no tasks
  await (await connect(alice)).close()
}, 120_000)
afterAll(async () => {
  await hub?.stop()
  everything?.stop()
})

async function connect(user: TestUser): Promise<Client> {
  const client = new Client({ name: 'tasks', version: '1' }, { capabilities: { elicitation: {} } })
  await client.connect(new StreamableHTTPClientTransport(hub.endpoint(user.key)) as Transport)
  await until(async () => expect((await client.listTools()).tools.map(({ name }) => name)).toContain(TOOL), 30_000)
  return client
}

test('R4-2e: the official server’s task is followed to its end, and asks its own client', async () => {
  const client = await connect(alice)
  const asked: string[] = []
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(JSON.stringify(params._meta))
    return { action: 'accept', content: { interpretation: 'technical' } }
  })
  const ids = new Set<string>()
  let result: CallToolResult | null = null
  const params = { name: TOOL, arguments: { topic: 'python', ambiguous: true } }
  for await (const said of client.experimental.tasks.callToolStream(params)) {
    if (said.type === 'taskCreated' || said.type === 'taskStatus') ids.add(said.task.taskId)
    else if (said.type === 'result') result = said.result as CallToolResult
    else throw said.error
  }
  expect({ ids: ids.size, result: ids.size === 1 ? null : result }).toEqual({ ids: 1, result: null })
  expect(asked).toEqual([JSON.stringify({ 'io.modelcontextprotocol/related-task': { taskId: [...ids][0] } })])
  expect(JSON.stringify(result)).toContain('Research Report: python')
  const bob = await connect(await hub.addUser('bob'))
  await expect(bob.experimental.tasks.getTask([...ids][0]!)).rejects.toMatchObject({ code: -32602 })
  expect((await client.experimental.tasks.getTask([...ids][0]!)).status).toBe('completed')
  await client.close()
  await bob.close()
}, 60_000)
