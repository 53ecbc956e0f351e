// The audit as a file: every record once, no cell that a spreadsheet would run, and no page that nobody waits for.
import type { AuditResponse } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import type { ActivityFilter, StoredAuditRecord } from './activity-service.ts'
import { MAX_EXPORTED, exportAudit, type ExportFormat } from './export-audit.ts'

const record = (over: Partial<AuditResponse> = {}): AuditResponse => ({
  ...{ id: 'id-1', at: '2026-01-01T00:00:00.000Z', requestId: 'r1', keyId: null, sessionId: null, kind: 'mcp' },
  ...{ action: 'tools/call', server: 'a', target: 'a__read', outcome: 'ok', code: null, durationMs: 1.5 },
  ...{ argumentsHash: null, via: 'key', userId: null, username: null, targetShown: 'a__read', detail: null },
  ...over,
})

/** `pages` of the store; what was asked for is kept. */
function open(pages: readonly (readonly AuditResponse[])[], signal = new AbortController().signal) {
  const asked: ActivityFilter[] = []
  const deps = {
    activity: {
      list: async (filter: ActivityFilter = {}) => {
        asked.push(filter)
        const at = Number(filter.after ?? 0)
        const records = (pages[at % pages.length] ?? []) as unknown as StoredAuditRecord[]
        return { records, next: at + 1 < pages.length || pages.length === 1 ? String(at + 1) : null }
      },
    },
    present: async (records: readonly StoredAuditRecord[]) => records as unknown as AuditResponse[],
    signal,
  }
  return { asked, chunks: (format: ExportFormat) => exportAudit(deps, { server: 'a' }, format) }
}

async function collect(chunks: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const chunk of chunks) text += chunk
  return text
}

describe('CSV', () => {
  const rowOf = async (over: Partial<AuditResponse>): Promise<string> => {
    const [, row] = (await collect(open([[record(over)], []]).chunks('csv'))).split('\r\n')
    return row!
  }

  test('one row for each record, with a line of names before them', async () => {
    const text = await collect(open([[record()], [record({ id: 'id-2', username: 'alice' })]]).chunks('csv'))
    expect(text.startsWith('\ufeffat,requestId,userId,username,via,')).toBe(true)
    expect(text.trimEnd().split('\r\n').slice(1)).toEqual([
      '2026-01-01T00:00:00.000Z,r1,,,key,,,mcp,tools/call,a,a__read,a__read,ok,,1.5,,,id-1',
      '2026-01-01T00:00:00.000Z,r1,,alice,key,,,mcp,tools/call,a,a__read,a__read,ok,,1.5,,,id-2',
    ])
  })

  const COMMANDS = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', `=HYPERLINK("http://x","y")`]
  // behind blanks, and as wide as Korean and Japanese keyboards write them
  const HIDDEN = ['\n=1+1', ' =1+1', '\nx', '＝1+1', '＋1', '－1', '＠SUM(1)', '|calc']
  test.each([...COMMANDS, ...HIDDEN])('%j is no formula', async (target) => {
    const text = await rowOf({ target })
    expect(text).not.toContain(`,${target}`)
    expect(text.replaceAll('""', '"')).toContain(`'${target}`)
  })

  test('commas, quotes and line ends stay within their cell; objects are JSON', async () => {
    expect(await rowOf({ target: 'a,"b"\nc' })).toContain(',"a,""b""\nc",')
    expect(await rowOf({ detail: { before: null, after: { role: 'admin' } } })).toContain(
      '"{""before"":null,""after"":{""role"":""admin""}}"',
    )
  })
})

test('JSON Lines: each record as the list has it', async () => {
  const records = [record({ target: '=1' }), record({ id: 'id-2' })]
  const text = await collect(open([records, []]).chunks('jsonl'))
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(records)
})

test('pages follow each other with the filter, and the next is fetched only when it is wanted', async () => {
  const { asked, chunks } = open([[record()], [record()], [record()]])
  const reader = chunks('jsonl')
  await reader.next()
  expect(asked).toEqual([{ server: 'a', limit: 1000 }])
  await collect(reader)
  expect(asked.map(({ after }) => after)).toEqual([undefined, '1', '2'])
})

test('nothing more is fetched for a client that has gone', async () => {
  const gone = new AbortController()
  const { asked, chunks } = open([[record()], [record()], [record()]], gone.signal)
  const reader = chunks('jsonl')
  await reader.next()
  gone.abort()
  expect(await reader.next()).toMatchObject({ done: true })
  expect(asked).toHaveLength(1)
})

test('it ends after a million records', async () => {
  const { asked, chunks } = open([[record()]])
  await collect(chunks('jsonl'))
  expect(asked).toHaveLength(MAX_EXPORTED / 1000)
})
