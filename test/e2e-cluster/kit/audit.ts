// What the hub wrote to the API server, as that one noted it down.
import { isWrite, placeOf, readAuditLog } from '../../cluster/audit-log.ts'
import { HUB } from '../settings.ts'

/** Renewing a lease is the price of two operators; a review is a question, nothing is stored. */
const NOT_COUNTED = new Set(['leases', 'tokenreviews', 'subjectaccessreviews'])

/** What an operator of that name wrote and the API server took, in its order; renewing a lease counts, an event for people does not. */
export async function readWritesOf(operator: string, since: number): Promise<string[]> {
  const writes: string[] = []
  for await (const event of readAuditLog(since)) {
    const { userAgent, objectRef, responseStatus, verb } = event
    const isTaken = (responseStatus?.code ?? 0) < 300 && objectRef?.resource !== 'events'
    if (isWrite(event) && userAgent === `mcphub-operator/${operator}` && isTaken)
      writes.push(`${verb} ${objectRef?.resource ?? ''}`)
  }
  return writes
}

/** Writes of gateways and operators since then (ms since 1970), each as `who verb resource/subresource`. */
export async function readWrites(since: number): Promise<string[]> {
  const account = `system:serviceaccount:${HUB}:`
  const writes: string[] = []
  for await (const event of readAuditLog(since)) {
    const { user, objectRef, verb } = event
    const isOurs = user.username.startsWith(account) && !NOT_COUNTED.has(objectRef?.resource ?? '')
    if (isWrite(event) && isOurs) writes.push(`${user.username.slice(account.length)} ${verb} ${placeOf(event)}`)
  }
  return writes
}
