// The official MCP conformance suites against a real hub: at `/mcp/{server}` in front of every kind of upstream, and at `/mcp` with its prefixes
// taken off. The server behind is our own (test/kit/conformance), and runs them alone first.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startConformanceHub, UPSTREAM_KINDS, type ConformanceHub } from '../kit/conformance/conformance-hub.ts'
import { expectedFailures, KEYLESS_SCENARIOS } from '../kit/conformance/expected-failures.ts'
import { runScenario, runSuite, type Suite, type SuiteRun } from '../kit/conformance/run-suite.ts'
import { startKeyProxy, startRenamingShim } from '../kit/conformance/shims.ts'

/** What passes at least: a suite that skips what it should try would fail nothing. */
const PASSED = {
  alone: { '0.1.16 all': 44, '2025-11-25': 84, '2026-07-28': 164 },
  // less than alone: the hub answers lists as JSON and replays no streams, so checks of streams are left out
  modern: { '0.1.16 all': 28, '2025-11-25': 65, '2026-07-28': 139 },
  older: { '0.1.16 all': 43, '2025-11-25': 80, '2026-07-28': 118 },
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
  expect(run.exitCode, run.summary).toBe(0)
  expect(run.passed).toBeGreaterThanOrEqual(atLeast)
}

async function checkSuite(suite: Suite, url: string, expected: readonly string[], atLeast: number): Promise<void> {
  check(await runSuite(suite, url, expected), expected, atLeast)
}

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
  const url = () => `http://localhost:${world.hub.port}/mcp/${upstream}?key=${world.user.key}`
  const expectedOf = (suite: Suite) => expectedFailures(suite, upstream)

  test.each(OLDER_SUITES)('%s', (suite) => checkSuite(suite, url(), expectedOf(suite), passed[suite]), SUITE_MS)

  test(
    '2026-07-28',
    async () => {
      const expected = [...expectedOf('2026-07-28'), ...KEYLESS_SCENARIOS]
      await checkSuite('2026-07-28', url(), expected, passed['2026-07-28'])
    },
    SUITE_MS,
  )

  test(
    '2026-07-28, scenarios that send no query',
    async () => {
      const proxy = await startKeyProxy(new URL(world.hub.url), world.user.key)
      try {
        for (const scenario of KEYLESS_SCENARIOS) {
          check(await runScenario(scenario, `${proxy.origin}/mcp/${upstream}`, []), [], 5)
        }
      } finally {
        await proxy.stop()
      }
    },
    SUITE_MS,
  )
})

describe.each(['modern', 'stdio'] as const)('R4-21: /mcp with its prefixes, in front of %s', (upstream) => {
  const passed = upstream === 'modern' ? PASSED.modern : PASSED.older
  let shim: Awaited<ReturnType<typeof startRenamingShim>>
  beforeAll(async () => {
    const user = await world.addUserOf(upstream)
    shim = await startRenamingShim(new URL(world.hub.url), user.key, `${upstream}__`)
  })
  afterAll(() => shim?.stop())

  test.each([...OLDER_SUITES, '2026-07-28'] as const)(
    '%s',
    (suite) => checkSuite(suite, `${shim.origin}/mcp`, expectedFailures(suite, upstream), passed[suite]),
    SUITE_MS,
  )
})
