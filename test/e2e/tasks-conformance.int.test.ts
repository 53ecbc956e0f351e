// The official scenarios of the tasks extension of 2026-07-28 (unscored there, promised here): the server behind alone, then through a real hub.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runExtensionScenario } from '../kit/conformance/run-suite.ts'
import { startTasksServer } from '../kit/conformance/tasks-server.ts'
import { startHub, type TestHub } from '../kit/hub.ts'
import { remote } from '../kit/manifests.ts'
import { until } from '../kit/wait-until.ts'

/** with the checks of each that must pass */
const SCENARIOS: readonly [string, number][] = [
  ['tasks-lifecycle', 9],
  ['tasks-capability-negotiation', 5],
  ['tasks-wire-fields', 4],
  ['tasks-request-state-removal', 3],
  ['tasks-mrtr-input', 4],
  ['tasks-request-headers', 5],
  ['tasks-dispatch-and-envelope', 9],
  ['tasks-required-task-error', 3],
  ['tasks-mrtr-composition', 2],
]
let server: Awaited<ReturnType<typeof startTasksServer>>
let hub: TestHub
let throughHub = ''

beforeAll(async () => {
  server = await startTasksServer()
  hub = await startHub({ manifests: { 'tasks.yaml': remote('tasks', server.url) } })
  const { key } = await hub.addUser('suite')
  throughHub = `http://localhost:${hub.port}/mcp/tasks?key=${key}`
  await until(async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const answer = await fetch(throughHub, { method: 'POST', headers, body })
    expect(await answer.text()).toContain('slow_compute')
  }, 20_000)
}, 120_000)
afterAll(async () => {
  await hub?.stop()
  await server?.stop()
})

test.each(['alone', 'through the hub'])(
  'R4-2e: the scenarios of tasks pass, %s',
  async (where) => {
    const url = where === 'alone' ? server.url : throughHub
    const runs = await Promise.all(
      SCENARIOS.map(async ([name, passed]) => ({ name, passed, run: await runExtensionScenario(name, url) })),
    )
    for (const { name, passed, run } of runs) {
      expect(run.problems, name).toEqual([])
      expect(run.exitCode, run.verdict).toBe(0)
      expect(run.passed, name).toBeGreaterThanOrEqual(passed)
    }
  },
  120_000,
)
