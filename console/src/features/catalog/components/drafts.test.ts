import { expect, test } from 'vitest'
import { draftName, keepDraft, keepImported, readDraft, readImported } from './drafts.ts'

const name = draftName('McpServer', 'github')
const draft = { text: 'kind: McpServer', base: null }

test('a draft is found again, until it is saved', () => {
  keepDraft('jisoo', name, draft)
  expect(readDraft('jisoo', name)).toEqual(draft)
  expect(readDraft('jisoo', draftName('UserGroup', 'github'))).toBeNull()
  keepDraft('jisoo', name, null)
  expect(readDraft('jisoo', name)).toBeNull()
})

test('what was read from a settings file is a draft each', () => {
  const servers = [{ title: 'GitHub', name: 'github', yaml: 'kind: McpServer', notes: [] }]
  keepImported('jisoo', servers)
  expect(readImported('jisoo')).toEqual(servers)
  expect(readDraft('jisoo', draftName('McpServer', 'new/github'))).toEqual(draft)
})

test('whoever logs in next finds nothing of it, and neither does the first one then', () => {
  keepDraft('jisoo', name, draft)
  keepImported('jisoo', [{ title: 'a', name: 'a', yaml: 'b', notes: [] }])
  expect([readDraft('minsu', name), readImported('minsu')]).toEqual([null, []])
  expect([readDraft('jisoo', name), readImported('jisoo')]).toEqual([null, []])
})
