// What the audit keeps of a change: before and after, at most 8 KiB. The largest members go first, and the record says which went.
import type { AuditRecord } from '../features/audit.ts'

type Detail = NonNullable<AuditRecord['detail']>

const MAX_BYTES = 8 * 1024
/** what the names of dropped members, and the frame, may take */
const SPARE_BYTES = 512
const MAX_NAMES = 16

export function boundDetail(detail: Detail): Detail {
  if (sizeOf(detail) <= MAX_BYTES) return detail
  const share = MAX_BYTES / 2 - SPARE_BYTES
  return { before: shrink(detail.before, share), after: shrink(detail.after, share) }
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

function shrink(value: unknown, bytes: number): unknown {
  if (sizeOf(value) <= bytes) return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { cut: true }
  const members = Object.entries(value)
    .map(([name, member]) => ({ name, member: member as unknown, size: sizeOf({ [name]: member as unknown }) }))
    .toSorted((a, b) => a.size - b.size)
  let left = bytes
  const kept = members.filter(({ size }) => (left -= size) >= 0)
  const dropped = members.slice(kept.length).map(({ name }) => name.slice(0, 24))
  return { ...Object.fromEntries(kept.map(({ name, member }) => [name, member])), cut: dropped.slice(0, MAX_NAMES) }
}
