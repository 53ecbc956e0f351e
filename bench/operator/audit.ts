// What was written to the API server, by its own audit log: who, what, when it came in and when it was answered. Nobody's word for it is needed.
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { AUDIT_LOG } from '../../test/cluster/settings.ts'

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

interface Entry {
  readonly user: { readonly username: string }
  readonly verb: string
  readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly name?: string }
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly responseStatus?: { readonly code: number }
}

/** All writes of service accounts that came in from then on, in their order. The log is rotated as it grows. */
export async function readWrites(fromMs: number, toMs = Infinity): Promise<Write[]> {
  const prefix = basename(AUDIT_LOG, '.log')
  const files = (await readdir(dirname(AUDIT_LOG))).filter((file) => file.startsWith(prefix) && file.endsWith('.log'))
  const writes: Write[] = []
  for (const file of files) {
    const lines = createInterface({ input: createReadStream(join(dirname(AUDIT_LOG), file)) })
    for await (const line of lines) {
      const write = parseLine(line)
      if (write && write.cameMs >= fromMs && write.cameMs < toMs) writes.push(write)
    }
  }
  return writes.sort((one, other) => one.cameMs - other.cameMs)
}

/** null: a line that is still being written. */
function parseLine(line: string): Write | null {
  if (!line.endsWith('}')) return null
  const entry = JSON.parse(line) as Entry
  const { resource = '', subresource, name = '' } = entry.objectRef ?? {}
  return {
    user: entry.user.username,
    verb: entry.verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    name,
    cameMs: Date.parse(entry.requestReceivedTimestamp),
    answeredMs: Date.parse(entry.stageTimestamp),
    code: entry.responseStatus?.code ?? 0,
  }
}
