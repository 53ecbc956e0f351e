import { username } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import { chooseHandle, toHandle } from './handle.ts'

describe('a handle', () => {
  test.each([
    ['octocat', 'octocat'],
    ['Octo-Cat', 'octo-cat'],
    ['alice@example.com', 'alice'],
    ['Alice Example', 'alice-example'],
    ['김철수', '김철수'],
    ['e\u0301va', '\u00e9va'],
    ['  .weird._', 'weird'],
    ['a/b\\c:d', 'a-b-c-d'],
    ['\u202eevil', 'evil'],
    ['@', 'user'],
    ['', 'user'],
    ['!!!', 'user'],
    [null, 'user'],
    ['hub-canary-a', 'hub-a'],
    ['Hub Canary/canary-canary-A', 'hub-a'],
    ['7f0c9a52-0f5e-4a3c-9e0b-7d2b6a1c4e55', 'user'],
  ])('of %j is %s', (wish, handle) => {
    expect(toHandle(wish)).toBe(handle)
    expect(username.safeParse(toHandle(wish)).success).toBe(true)
  })

  test('of a very long wish leaves room for a number', () => {
    const handle = toHandle('x'.repeat(500))
    expect(username.safeParse(`${handle}-1000`).success).toBe(true)
  })

  test('is the first that is free', async () => {
    const used = new Set(['octocat', 'octocat-2'])
    expect(await chooseHandle('octocat', async (name) => !used.has(name))).toBe('octocat-3')
    expect(await chooseHandle('hubot', async () => true)).toBe('hubot')
  })

  test('is found even where a thousand are not', async () => {
    const handle = await chooseHandle('x', async () => false)
    expect(handle).toMatch(/^x-[0-9a-f]{8}$/)
  })
})
