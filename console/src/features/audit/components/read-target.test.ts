import { expect, test } from 'vitest'
import { readTarget } from './read-target.ts'

const entry = (action: string, targetShown: string | null) => ({ action, targetShown })

test('what was done to it is told apart from what it was done to', () => {
  const role = 'PUT /api/admin/users/:id/role'
  expect(readTarget(entry(role, 'minsu role=auditor'))).toEqual({ name: 'minsu', mark: 'role=auditor' })
  expect(readTarget(entry('x', 'id-1 my tools active=false'))).toEqual({ name: 'id-1 my tools', mark: 'active=false' })
  expect(readTarget(entry('x', 'read role=king'))).toEqual({ name: 'read role=king' })
  expect(readTarget(entry('x', null))).toBeNull()
})

test('a sandbox by its server, a session by its person', () => {
  expect(readTarget(entry('x', '0d5369 of filesystem'))).toEqual({ name: 'filesystem (0d5369)' })
})

test('a refused login names its reason', () => {
  const back = 'GET /api/oauth/callback/:id'
  expect(readTarget(entry(back, 'company not_in_group'))).toEqual({ name: 'company', fault: 'not_in_group' })
  expect(readTarget(entry(back, 'company not_active id-1'))).toEqual({ name: 'company', fault: 'not_active' })
  expect(readTarget(entry(back, 'company'))).toEqual({ name: 'company' })
  expect(readTarget(entry('x', 'company not_in_group'))).toEqual({ name: 'company not_in_group' })
})
