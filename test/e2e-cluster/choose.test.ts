// Which stories a word chooses: a run that silently left some out would prove less than it says.
import { expect, test } from 'vitest'
import { choose } from './choose.ts'

const FILES = [
  '1-cluster.story.ts',
  '4-calls.story.ts',
  '8-faults.story.ts',
  '8l-long-faults.story.ts',
  '11-figures.story.ts',
]

test.each([
  ['', FILES, true, false],
  ['-long', FILES.filter((file) => !file.includes('long')), true, false],
  ['calls 8-', ['4-calls.story.ts', '8-faults.story.ts'], false, false],
  ['1-', ['1-cluster.story.ts'], false, false],
  ['faults -long', ['8-faults.story.ts'], false, false],
  ['api', [], true, false],
  ['images', [], false, true],
  ['images 4', ['4-calls.story.ts'], false, true],
])('STORY="%s"', (text, stories, api, images) => {
  expect(choose(text, FILES)).toEqual({ stories, api, images })
})

test.each(['nothing', '-nothing'])('STORY="%s" is refused, with the names there are', (text) => {
  expect(() => choose(text, FILES)).toThrow(/"nothing": 1-cluster/)
})
