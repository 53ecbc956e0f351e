import { expect, test } from 'vitest'
import { listChoices, sumTools, type Server } from './list-choices.ts'

const server = (name: string, toolCount: number | null, displayName: string | null = null): Server => ({
  name,
  displayName,
  description: null,
  type: 'Stdio',
  prefix: name,
  riskLevel: 'Low',
  access: 'Everyone',
  sessions: 'Shared',
  status: 'Ready',
  statusReason: '',
  statusCode: 'ready',
  statusParams: {},
  statusSaid: [],
  state: { kind: 'None', code: 'nothingRuns', params: {}, said: [] },
  isolation: { mode: 'Shared', reason: '' },
  package: null,
  missingVariables: [],
  toolCount,
  faults: [],
})

const SERVERS = [server('zeta', 3), server('a', null, 'Mail'), server('beta', 4)]

test('what I may use, by the name it is shown under; what is in it stays, also when it is gone', () => {
  expect(listChoices(SERVERS, ['beta', 'gone']).map(({ name, toolCount }) => [name, toolCount])).toEqual([
    ['beta', 4],
    ['gone', 0],
    ['a', null],
    ['zeta', 3],
  ])
})

test('tools of what is chosen, as far as they are known', () => {
  expect(sumTools(SERVERS, ['zeta', 'a', 'beta', 'gone'])).toBe(7)
  expect(sumTools(SERVERS, [])).toBe(0)
})
