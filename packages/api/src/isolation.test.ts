import { expect, test } from 'vitest'
import { userVariableSpec } from './crds/mcp-server.ts'
import { stdioSpec } from './crds/stdio-spec.ts'
import { decideIsolation, riskOf } from './isolation.ts'

type Case = [
  spec: Omit<Parameters<typeof decideIsolation>[0], 'userVariables'>,
  variables: string[],
  mode: 'Shared' | 'PerUser',
  reason: RegExp,
]

const cases: Case[] = [
  [{ type: 'Stdio', isolation: 'Auto' }, [], 'PerUser', /High \(the default for stdio\)/],
  [{ type: 'Stdio', isolation: 'Auto', riskLevel: 'High' }, [], 'PerUser', /High \(declared\)/],
  [{ type: 'Stdio', isolation: 'Auto', riskLevel: 'Critical' }, [], 'PerUser', /Critical/],
  [{ type: 'Stdio', isolation: 'Auto', riskLevel: 'Medium' }, [], 'Shared', /Medium and it takes no user variable/],
  [{ type: 'Stdio', isolation: 'Auto', riskLevel: 'Low' }, [], 'Shared', /Low/],
  [{ type: 'Stdio', isolation: 'Auto', riskLevel: 'Low' }, ['USER_A', 'USER_B'], 'PerUser', /USER_A, USER_B/],
  [
    { type: 'Stdio', isolation: 'Auto', riskLevel: 'Low', stdio: stdioSpec.parse({ sessions: 'Isolated' }) },
    [],
    'PerUser',
    /sessions: Isolated/,
  ],
  [{ type: 'Stdio', isolation: 'Shared', riskLevel: 'Critical' }, ['USER_A'], 'Shared', /manifest says/],
  [{ type: 'Stdio', isolation: 'PerUser', riskLevel: 'Low' }, [], 'PerUser', /manifest says/],
  [{ type: 'Remote', isolation: 'Auto' }, [], 'Shared', /session of their own/],
  [{ type: 'Remote', isolation: 'Auto', riskLevel: 'Critical' }, ['USER_A'], 'Shared', /session of their own/],
  [{ type: 'OpenApi', isolation: 'Auto' }, ['USER_A'], 'Shared', /OpenApi/],
  [{ type: 'Builtin', isolation: 'Auto' }, [], 'Shared', /Builtin/],
  [{ type: 'Remote', isolation: 'PerUser' }, [], 'PerUser', /manifest says/],
]

test.each(cases)('R3-9c: isolation of %j with variables %j is %s', (spec, variables, mode, reason) => {
  const userVariables = variables.map((name) => userVariableSpec.parse({ name }))
  const decided = decideIsolation({ ...spec, userVariables })
  expect(decided.mode).toBe(mode)
  expect(decided.reason).toMatch(reason)
})

test('the risk of a stdio server is High unless declared, of any other Low', () => {
  expect(riskOf({ type: 'Stdio' })).toBe('High')
  expect(riskOf({ type: 'Remote' })).toBe('Low')
  expect(riskOf({ type: 'Stdio', riskLevel: 'Low' })).toBe('Low')
})
