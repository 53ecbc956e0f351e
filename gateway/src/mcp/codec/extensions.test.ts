import { expect, test } from 'vitest'
import { keyOfExtensions, readExtensions, readOldExtensions } from './extensions.ts'

const ui = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } }
const tasks = { 'io.modelcontextprotocol/tasks': {} }

test('extensions are passed as declared; what is no object, or empty, is none', () => {
  expect(readExtensions({ extensions: { ...ui, ...tasks } })).toEqual({ ...ui, ...tasks })
  for (const extensions of [undefined, null, [], 'ui', {}]) expect(readExtensions({ extensions })).toBeUndefined()
})

test('older servers hear of no tasks that they would not know, and of nothing endless', () => {
  expect(readOldExtensions({ extensions: { ...ui, ...tasks } })).toEqual(ui)
  expect(readOldExtensions({ extensions: tasks })).toBeUndefined()
  expect(readOldExtensions({ extensions: { 'com.example/x': 'a'.repeat(600) } })).toBeUndefined()
})

test('clients with different extensions are told apart, those with none or with too many are not', () => {
  expect(keyOfExtensions({})).toBe('')
  expect(keyOfExtensions({ extensions: tasks })).toBe('')
  expect(keyOfExtensions({ extensions: ui })).toBe(keyOfExtensions({ extensions: { ...ui, ...tasks } }))
  expect(keyOfExtensions({ extensions: ui })).not.toBe(keyOfExtensions({ extensions: { 'com.example/x': {} } }))
})
