import { expect, test } from 'vitest'
import type { SandboxObject } from '../resources.ts'
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
