import { expect, test } from 'vitest'
import type { PodObject, SandboxObject } from '../resources.ts'
import { BegunWork } from './under-way.ts'

const KEY = 'sandboxes/files-alice'
const sandbox = (resourceVersion: string): SandboxObject =>
  ({ metadata: { namespace: 'sandboxes', name: 'files-alice', uid: 'u', resourceVersion } }) as SandboxObject

test('a sandbox that was deleted is not looked at again before the watch tells of it', () => {
  const begun = new BegunWork()
  expect(begun.isVisible(sandbox('7'))).toBe(true)
  begun.sandboxDeleted(sandbox('7'))
  expect(begun.isVisible(sandbox('7'))).toBe(false)
  begun.forget(KEY)
  expect(begun.isVisible(sandbox('9'))).toBe(true)
})

test('nor one whose status was written, until it comes back', () => {
  const begun = new BegunWork()
  begun.statusWritten(sandbox('7'), '8')
  expect(begun.isVisible(sandbox('7'))).toBe(false)
  expect(begun.isVisible(sandbox('8'))).toBe(true)
})

test('news that had to wait for the stores counts from when it came, until it is taken up', () => {
  const begun = new BegunWork()
  begun.putOff(KEY, 200)
  begun.putOff(KEY, 300)
  expect(begun.takeUp(KEY, 400)).toBe(200)
  expect(begun.takeUp(KEY, 500)).toBe(500)
  begun.putOff(KEY, 600)
  begun.forget(KEY)
  expect(begun.takeUp(KEY, 700)).toBe(700)
})

const pod = (more: object = {}): PodObject =>
  ({
    metadata: { namespace: 'sandboxes', name: 'files-alice-0', uid: 'p', resourceVersion: '1', ...more },
  }) as PodObject
const ENDS = '2026-01-01T00:00:00Z'

test('a pod that was ended looks so until the watch tells of an end as soon, whoever else deleted it meanwhile', () => {
  const begun = new BegunWork()
  const told = (item: PodObject): void => begun.podObserved({ type: 'updated', key: KEY, before: pod(), item }, KEY)
  expect(begun.asEnded(pod())).toEqual(pod())
  begun.podEnded('p', 1)
  expect(begun.asEnded(pod()).metadata).toMatchObject({ deletionGracePeriodSeconds: 1 })
  const byOthers = pod({ deletionTimestamp: ENDS, deletionGracePeriodSeconds: 600 })
  told(byOthers)
  expect(begun.asEnded(byOthers).metadata).toMatchObject({ deletionTimestamp: ENDS, deletionGracePeriodSeconds: 1 })
  told(pod({ deletionTimestamp: ENDS, deletionGracePeriodSeconds: 1 }))
  expect(begun.asEnded(pod())).toEqual(pod())
})

test('nor does it look so any longer once it is gone, or could not be ended', () => {
  const begun = new BegunWork()
  begun.podEnded('p', null)
  expect(begun.asEnded(pod()).metadata.deletionTimestamp).toBeDefined()
  // of a sandbox that is gone, too
  begun.forget(KEY)
  expect(begun.asEnded(pod()).metadata.deletionTimestamp).toBeDefined()
  begun.podObserved({ type: 'deleted', key: KEY, before: pod() }, KEY)
  expect(begun.asEnded(pod())).toEqual(pod())
  begun.podEnded('p', null)
  begun.podNotEnded('p')
  expect(begun.asEnded(pod())).toEqual(pod())
})
