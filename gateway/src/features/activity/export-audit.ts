// The audit as a file, page by page as it is read by whoever asked: never more than one page in memory, and none is fetched for a client that
// has gone. CSV for spreadsheets, which must take no cell for a formula; JSON Lines for programs.
import type { AuditResponse } from '@mcphub/api'
import type { ActivityFilter, ActivityService, StoredAuditRecord } from './activity-service.ts'

export interface ExportDeps {
  readonly activity: Pick<ActivityService, 'list'>
  /** a page as the list of the audit shows it */
  readonly present: (records: readonly StoredAuditRecord[]) => Promise<readonly AuditResponse[]>
  readonly signal: AbortSignal
}

const PAGE = 1_000
export const MAX_EXPORTED = 1_000_000

export const EXPORT_TYPES = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson',
} as const
export type ExportFormat = keyof typeof EXPORT_TYPES

const COLUMNS = [
  ...['at', 'requestId', 'userId', 'username', 'via', 'keyId', 'sessionId', 'kind', 'action', 'server'],
  ...['target', 'targetShown', 'outcome', 'code', 'durationMs', 'argumentsHash', 'detail', 'id'],
] as const

export async function* exportAudit(
  { activity, present, signal }: ExportDeps,
  filter: ActivityFilter,
  format: ExportFormat,
): AsyncGenerator<string> {
  // without the mark spreadsheets take Korean for something else
  if (format === 'csv') yield `\ufeff${COLUMNS.join(',')}\r\n`
  const write = format === 'csv' ? writeCsvRow : (record: AuditResponse): string => `${JSON.stringify(record)}\n`
  let after: string | null = null
  for (let count = 0; count < MAX_EXPORTED && !signal.aborted; count += PAGE) {
    const page = await activity.list({ ...filter, limit: PAGE, ...(after === null ? {} : { after }) })
    yield (await present(page.records)).map(write).join('')
    after = page.next
    if (after === null) return
  }
}

function writeCsvRow(record: AuditResponse): string {
  const cells: Readonly<Record<string, unknown>> = record
  return `${COLUMNS.map((name) => writeCell(cells[name])).join(',')}\r\n`
}

/** What a spreadsheet would take for a formula or a command. */
const FORMULA = /^\s*[=+\-@＝＋－＠|]|^[\t\r\n]/

function writeCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
