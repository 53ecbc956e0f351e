// The official MCP conformance suites against a real hub: at `/mcp/{server}` in front of every kind of upstream, and at `/mcp` with its prefixes
// taken off. The server behind is our own (test/kit/conformance), and runs them alone first.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startConformanceHub, UPSTREAM_KINDS, type ConformanceHub } from '../kit/conformance/conformance-hub.ts'
import { expectedFailures, KEYLESS_SCENARIOS } from '../kit/conformance/expected-failures.ts'
import { runScenario, runSuite, type Suite, type SuiteRun } from '../kit/conformance/run-suite.ts'
import { startKeyProxy, startRenamingShim } from '../kit/conformance/shims.ts'

/** What passes at least: a suite that skips what it should try would fail nothing. */
const PASSED = {
  alone: { '0.1.16 all': 44, '2025-11-25': 84, '2026-07-28': 196 },
  // less than alone: the hub answers lists as JSON and replays no streams, so checks of streams are left out
  modern: { '0.1.16 all': 43, '2025-11-25': 80, '2026-07-28': 174 },
  older: { '0.1.16 all': 43, '2025-11-25': 80, '2026-07-28': 140 },
} as const
const SUITE_MS = 60_000

let world: ConformanceHub

beforeAll(async () => {
  world = await startConformanceHub()
}, 120_000)
afterAll(() => world?.stop())

/** Fails with the scenarios that did not do what was expected of them. */
function check(run: SuiteRun, expected: readonly string[], atLeast: number): void {
  const surprises = run.problems.filter((problem) => !expected.some((entry) => problem.startsWith(`${entry}:`)))
  expect(surprises).toEqual([])
  // also when something passes that was expected to fail
  expect(run.exitCode, run.verdict).toBe(0)
  expect(run.passed).toBeGreaterThanOrEqual(atLeast)
}

async function checkSuite(suite: Suite, url: string, expected: readonly string[], atLeast: number): Promise<void> {
  check(await runSuite(suite, url, expected), expected, atLeast)
}

/** These two change nothing that the other could see. */
const OLDER_SUITES = ['0.1.16 all', '2025-11-25'] as const

test(
  'R4-22: the server behind passes every suite alone',
  async () => {
    const suites: readonly Suite[] = [...OLDER_SUITES, '2026-07-28']
    await Promise.all(
      suites.map((suite) => checkSuite(suite, world.fixtureUrl, expectedFailures(suite, 'alone'), PASSED.alone[suite])),
    )
  },
  SUITE_MS,
)

describe.each(UPSTREAM_KINDS)('R4-20: /mcp/{server} in front of %s', (upstream) => {
  const passed = upstream === 'modern' ? PASSED.modern : PASSED.older
  const run = async (suite: Suite, more: readonly string[] = []) => {
    const { key } = await world.addUserOf(upstream)
    const url = `http://localhost:${world.hub.port}/mcp/${upstream}?key=${key}`
    await checkSuite(suite, url, [...expectedFailures(suite, upstream), ...more], passed[suite])
  }

  test('as older clients see it', () => Promise.all(OLDER_SUITES.map((suite) => run(suite))), SUITE_MS)

  test('as clients of 2026-07-28 see it', () => run('2026-07-28', KEYLESS_SCENARIOS), SUITE_MS)

  test(
    'scenarios that send no query',
    async () => {
      const { key } = await world.addUserOf(upstream)
      const proxy = await startKeyProxy(new URL(world.hub.url), key)
      try {
        const target = `${proxy.origin}/mcp/${upstream}`
        await Promise.all(KEYLESS_SCENARIOS.map(async (name) => check(await runScenario(name, target, []), [], 10)))
      } finally {
        await proxy.stop()
      }
    },
    SUITE_MS,
  )
})

describe.each(['modern', 'stdio'] as const)('R4-21: /mcp with its prefixes, in front of %s', (upstream) => {
  const passed = upstream === 'modern' ? PASSED.modern : PASSED.older
  const run = async (suite: Suite) => {
    const { key } = await world.addUserOf(upstream)
    const shim = await startRenamingShim(new URL(world.hub.url), key, `${upstream}__`)
    try {
      await checkSuite(suite, `${shim.origin}/mcp`, expectedFailures(suite, upstream), passed[suite])
    } finally {
      await shim.stop()
    }
  }

  test('as older clients see it', () => Promise.all(OLDER_SUITES.map(run)), SUITE_MS)

  test('as clients of 2026-07-28 see it', () => run('2026-07-28'), SUITE_MS)
})
