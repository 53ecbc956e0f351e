// Audit records as rows of PostgreSQL's COPY text: written the moment they happen, so that what waits for the database is bytes outside the collected
// heap and not thousands of objects, and can be sent as it is.
import { mintUuid } from '../../platform/uuid.ts'
import type { AuditRecord } from '../audit.ts'
import type { StoredAuditRecord } from './activity-service.ts'
import { neutralText } from '../neutral-text.ts'

/** In the order of the fields of a row. */
export const AUDIT_COLUMNS =
  'at, id, request_id, user_id, key_id, session_id, kind, action, server, target, outcome, code, duration_ms, arguments_hash, via, detail'

const NULL = '\\N'
const SPECIAL = /[\\\t\n\r]/
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const UNESCAPES: Readonly<Record<string, string>> = { '\\': '\\', t: '\t', n: '\n', r: '\r' }

/** A row with its line's end; gets an id of its own. Text from outside becomes one harmless line. */
export function encodeRow(record: AuditRecord): string {
  const { at, requestId, userId, keyId, sessionId, kind, action, server, target, outcome, code, argumentsHash } = record
  return (
    `${writeTime(at)}\t${mintUuid()}\t${outside(requestId)}\t${field(userId)}\t${field(keyId)}\t${outside(sessionId)}\t${kind}\t` +
    `${outside(action)}\t${outside(server)}\t${outside(target)}\t${outcome}\t${code ?? NULL}\t${Math.round(record.durationMs * 1000) / 1000}\t` +
    `${field(argumentsHash)}\t${record.via ?? NULL}\t${record.detail === null ? NULL : field(JSON.stringify(record.detail))}\n`
  )
}

/** What `encodeRow` wrote, without the line's end. */
export function decodeRow(row: string): StoredAuditRecord {
  const fields = row.split('\t').map(read)
  const text = (at: number): string => fields[at] ?? ''
  const orNull = (at: number): string | null => fields[at] ?? null
  return {
    at: Date.parse(text(0)),
    id: text(1),
    requestId: text(2),
    userId: orNull(3),
    keyId: orNull(4),
    sessionId: orNull(5),
    kind: text(6) as AuditRecord['kind'],
    action: text(7),
    server: orNull(8),
    target: orNull(9),
    outcome: text(10) as AuditRecord['outcome'],
    code: orNull(11) as AuditRecord['code'],
    durationMs: Number(text(12)),
    argumentsHash: orNull(13),
    via: orNull(14) as AuditRecord['via'],
    detail: readDetail(orNull(15)),
  }
}

const readDetail = (text: string | null): AuditRecord['detail'] =>
  text === null ? null : (JSON.parse(text) as AuditRecord['detail'])

function outside(text: string | null): string {
  return text === null ? NULL : field(neutralText(text))
}

function field(text: string | null): string {
  if (text === null) return NULL
  return SPECIAL.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (character) => ESCAPES[character]!) : text
}

function read(written: string): string | null {
  if (written === NULL) return null
  return written.includes('\\') ? written.replaceAll(/\\(.)/g, (_all, letter: string) => UNESCAPES[letter]!) : written
}

let knownSecond = Number.NaN
let knownText = ''

/** Thousands of records share a second: its text is made once. */
function writeTime(at: number): string {
  const second = Math.floor(at / 1000)
  if (second !== knownSecond) {
    knownSecond = second
    knownText = new Date(second * 1000).toISOString().slice(0, -4)
  }
  const ms = Math.floor(at) - second * 1000
  return `${knownText}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`
}
