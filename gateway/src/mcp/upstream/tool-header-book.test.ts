import { expect, test } from 'vitest'
import { ToolHeaderBook } from './tool-header-book.ts'

const tool = (name: string) => ({
  name,
  inputSchema: { properties: { to: { type: 'string', 'x-mcp-header': 'To' } } },
})

test('GW-4: of a server whose list of tools never ends no more is read than it could offer', async () => {
  let pages = 0
  const book = new ToolHeaderBook(async () => {
    const tools = Array.from({ length: 300 }, (_, at) => tool(`${pages}-${at}`))
    return { kind: 'result', result: { tools, nextCursor: String(pages++) } }
  })
  const table = await book.read()
  expect([table.size, pages]).toEqual([2000, 7])
  expect(table.get('0-0')).toEqual([{ path: ['to'], name: 'To' }])
})

test('a page that names itself as the next one is the last', async () => {
  let pages = 0
  const book = new ToolHeaderBook(async () => {
    pages++
    return { kind: 'result', result: { tools: [tool('a')], nextCursor: 'again' } }
  })
  expect([...(await book.read()).keys()]).toEqual(['a'])
  expect(pages).toBe(2)
})
