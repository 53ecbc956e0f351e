// What was written to the API server, by its own audit log: who, what, when it came in and when it was answered. Nobody's word for it is needed.
import { isWrite, placeOf, readAuditLog } from '../../test/cluster/audit-log.ts'

export interface Write {
  readonly user: string
  readonly verb: string
  /** with the subresource: `mcpsandboxes/status` */
  readonly resource: string
  readonly name: string
  /** ms since 1970 */
  readonly cameMs: number
  readonly answeredMs: number
  readonly code: number
}

/** All writes of service accounts that came in from then on, in their order. */
export async function readWrites(fromMs: number, toMs = Infinity): Promise<Write[]> {
  const writes: Write[] = []
  for await (const event of readAuditLog(fromMs)) {
    const cameMs = Date.parse(event.requestReceivedTimestamp)
    if (!isWrite(event) || cameMs >= toMs) continue
    writes.push({
      user: event.user.username,
      verb: event.verb,
      resource: placeOf(event),
      name: event.objectRef?.name ?? '',
      cameMs,
      answeredMs: Date.parse(event.stageTimestamp),
      code: event.responseStatus?.code ?? 0,
    })
  }
  return writes.sort((one, other) => one.cameMs - other.cameMs)
}
