// Which changes of a condition become events.
import type { Condition, NewEvent } from '@mcphub/kube'
import { expect, test } from 'vitest'
import { MCP_SERVERS } from './resources.ts'
import { TransitionTeller } from './transitions.ts'

const condition = (type: string, status: Condition['status'], reason: string): Condition => ({
  type,
  status,
  reason,
  message: 'why',
  lastTransitionTime: '2026-01-01T00:00:00Z',
})

test('changes of a status are told once, a new object only what does not hold, progress never', () => {
  const told: string[] = []
  const record = (_resource: unknown, _object: unknown, event: NewEvent): number =>
    told.push(`${event.type} ${event.reason} ${event.note}`)
  const teller = new TransitionTeller({ record }, MCP_SERVERS)
  const show = (...conditions: Condition[]): string[] => {
    const metadata = { namespace: 'x', name: 'a', uid: 'u', resourceVersion: '1' }
    teller.tell({ metadata, status: { conditions } })
    return told.splice(0)
  }
  expect(show()).toEqual([])
  expect(show(condition('Ready', 'True', 'Ready'), condition('Accepted', 'False', 'Invalid'))).toEqual([
    'Warning Invalid Accepted is False: why',
  ])
  expect(show(condition('Ready', 'True', 'Ready'), condition('Accepted', 'False', 'Other'))).toEqual([])
  expect(show(condition('Ready', 'False', 'Filling'), condition('Accepted', 'True', 'Valid'))).toEqual([
    'Normal Valid Accepted is True: why',
  ])
  expect(show(condition('Ready', 'True', 'Ready'))).toEqual(['Normal Ready Ready is True: why'])
  teller.forget('x/a')
  // a leader that comes later begins with what is there
  expect(show(condition('Ready', 'False', 'Disabled'))).toEqual([])
})
