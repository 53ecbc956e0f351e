import { expect, test } from 'vitest'
import { makeRemote } from '../../../../test/kit/upstream-world.ts'
import { SharedDescriptions } from './shared-descriptions.ts'
import type { ServerDescription } from './upstreams.ts'

const describeAs = (name: string): ServerDescription => ({
  era: 'legacy',
  revision: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name, version: '1' },
  instructions: null,
})

test('the same words of one server are held once; other words, or another server, share nothing', () => {
  const shared = new SharedDescriptions()
  const [one, other] = [makeRemote('one', 'http://127.0.0.1:1/'), makeRemote('other', 'http://127.0.0.1:1/')]
  const first = shared.share(one, describeAs('a'))
  expect(shared.share(one, describeAs('a'))).toBe(first)
  const changed = shared.share(one, describeAs('b'))
  expect(changed).toEqual(describeAs('b'))
  expect(shared.share(one, describeAs('b'))).toBe(changed)
  expect(shared.share(other, describeAs('b'))).not.toBe(changed)
})
