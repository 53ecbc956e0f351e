// The audit log as an API server leaves it: rotated, and with a line that is being written.
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { AuditEvent } from './audit-log.ts'
import { isWrite, placeOf, readAuditLog } from './audit-log.ts'

const at = (second: number): string => new Date(Date.UTC(2026, 10, 20, 0, 0, second)).toISOString()

const line = (second: number, event: Partial<AuditEvent> = {}): string =>
  JSON.stringify({
    verb: 'patch',
    user: { username: 'operator' },
    objectRef: { resource: 'pods' },
    requestReceivedTimestamp: at(second),
    ...event,
  }) + '\n'

async function writeLogs(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcphub-audit-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

async function readAll(folder: string, sinceMs?: number): Promise<AuditEvent[]> {
  const events: AuditEvent[] = []
  for await (const event of readAuditLog(sinceMs, join(folder, 'audit.log'))) events.push(event)
  return events
}
const readSeconds = async (folder: string, sinceMs?: number): Promise<number[]> =>
  (await readAll(folder, sinceMs)).map(({ requestReceivedTimestamp }) =>
    new Date(requestReceivedTimestamp).getUTCSeconds(),
  )

test('rotated files come first, the oldest of all before; other files are none of it', async () => {
  const folder = await writeLogs({
    'audit.log': line(5) + line(6),
    'audit-2026-11-20T00-00-04.000.log': line(3) + line(4),
    'audit-2026-11-20T00-00-02.000.log': line(1) + line(2),
    'apiserver.log': 'not JSON\n',
  })
  expect(await readSeconds(folder)).toEqual([1, 2, 3, 4, 5, 6])
  expect(await readSeconds(folder, Date.parse(at(4)))).toEqual([4, 5, 6])
})

test('a line that is being written is left out, wherever it ends', async () => {
  for (const half of [line(3).slice(0, 20), '{"user":{"username":"operator"}', line(3).trimEnd().slice(0, -1)]) {
    const folder = await writeLogs({ 'audit.log': line(1) + line(2) + half })
    expect(await readSeconds(folder)).toEqual([1, 2])
  }
})

test('lines that lie across the parts in which a file is read are whole', async () => {
  const names = Array.from({ length: 2000 }, (_, n) => `sandbox-${n}-ü`)
  const folder = await writeLogs({
    'audit.log': names.map((name) => line(1, { objectRef: { resource: 'pods', name } })).join(''),
  })
  expect((await readAll(folder)).map(({ objectRef }) => objectRef?.name)).toEqual(names)
})

test('files that were closed before are not read', async () => {
  const folder = await writeLogs({ 'audit.log': line(5), 'audit-2026-11-20T00-00-04.000.log': 'not JSON\n' })
  await utimes(join(folder, 'audit-2026-11-20T00-00-04.000.log'), new Date(at(4)), new Date(at(4)))
  expect(await readSeconds(folder, Date.parse(at(5)))).toEqual([5])
})

test('what was asked for is named by its resource, or by its path where it has none', () => {
  const event = (over: Partial<AuditEvent>): AuditEvent => JSON.parse(line(1, over)) as AuditEvent
  expect(placeOf(event({ objectRef: { resource: 'pods', subresource: 'status' } }))).toBe('pods/status')
  expect(placeOf({ ...event({ requestURI: '/version' }), objectRef: undefined } as unknown as AuditEvent)).toBe(
    '/version',
  )
  expect(['get', 'list', 'watch', 'patch'].filter((verb) => isWrite(event({ verb })))).toEqual(['patch'])
})
