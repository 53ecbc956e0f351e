// What the accounts of gateways and operators asked the API server for, from the install to here: none is missed, and each that they have was used, or is for what a run seldom has.
import { expect, test } from 'vitest'
import { recordFigure } from '../kit/figures.ts'
import { context } from '../kit/hub.ts'
import { readAsked, readGiven } from '../kit/rights.ts'

/** Not asked for in every run, each with what asks for it. */
const SELDOM: readonly RegExp[] = [
  / update \w+\/finalizers$/, // the API server itself, of who names an owner
  /gateway get mcpsandboxes$/, // after a write that lost a race
  /gateway get (mcpservers|usergroups)$/, // before one that seems gone is taken for gone
  /gateway get leases$/, // when an administrator looks at how the hub is
  /operator get pods$/, // after a claim that lost a race, and before a second pod where the first one seems gone
  /operator get usergroups$/, // before one that seems gone is taken for gone
  /operator get persistentvolumeclaims$/, // before one that slept for a month goes
  /operator create networkpolicies$/, // the API server itself, of who applies what is not there
  /operator delete persistentvolumeclaims$/, // of a sandbox that is gone, where Kubernetes does not collect it first
  /operator patch events$/, // what repeats
]

const isWholeRun = !(process.env['STORY'] ?? '').split(/\s+/).some((word) => word !== '' && !word.startsWith('-'))

test('OPR-8: the API server refused none of their requests for want of a right', async ({ skip }) => {
  skip(!context.own, 'the audit log of a foreign cluster is its own')
  const { allowed, refused } = await readAsked()
  expect(allowed.size).toBeGreaterThan(20)
  expect(refused).toEqual([])
})

test('OPR-8: every right of theirs was used, or is named here with what would use it', async ({ skip }) => {
  skip(!context.own, 'the audit log of a foreign cluster is its own')
  skip(!isWholeRun, 'only a whole run uses them all')
  const given = await readGiven()
  const { allowed } = await readAsked()
  recordFigure({ name: 'rights of gateways and operators', value: given.length, unit: '' })
  const isSeldom = (right: string): boolean => SELDOM.some((pattern) => pattern.test(right))
  expect(given.filter((right) => !allowed.has(right) && !isSeldom(right))).toEqual([])
  expect(given.filter((right) => /\*|secrets/.test(right))).toEqual([])
})
