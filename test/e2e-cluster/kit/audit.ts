// What the hub wrote to the API server, as that one noted it down.
import { readFileSync } from 'node:fs'
import { AUDIT_LOG } from '../../cluster/settings.ts'
import { HUB } from '../settings.ts'

interface AuditEvent {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly name?: string }
  readonly requestReceivedTimestamp: string
}

/** Renewing a lease is the price of two operators; a review is a question, nothing is stored. */
const NOT_COUNTED = new Set(['leases', 'tokenreviews', 'subjectaccessreviews'])

/** Writes of gateways and operators since then (ms since 1970), each as `who verb resource/subresource`. */
export function readWrites(since: number): string[] {
  const account = `system:serviceaccount:${HUB}:`
  return readFileSync(AUDIT_LOG, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ user, objectRef, requestReceivedTimestamp }) => {
      const isOurs = user.username.startsWith(account) && !NOT_COUNTED.has(objectRef?.resource ?? '')
      return isOurs && Date.parse(requestReceivedTimestamp) >= since
    })
    .map(({ verb, user, objectRef }) => {
      const place = [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/')
      return `${user.username.slice(account.length)} ${verb} ${place}`
    })
}
