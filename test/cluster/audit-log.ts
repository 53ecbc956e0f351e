// What the API server noted of who asked it for what, for stories and benchmarks. Its log is rotated as it grows, and one line is always being written.
import type { FileHandle } from 'node:fs/promises'
import { open, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AUDIT_LOG } from './settings.ts'

export interface AuditEvent {
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string }
  readonly userAgent?: string
  /** none of a path such as /healthz */
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly name?: string }
  readonly responseStatus?: { readonly code: number }
  readonly annotations?: Readonly<Record<string, string>>
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
}

const READS = new Set(['get', 'list', 'watch'])
/** Reads are noted of the hub's accounts alone. */
export const isWrite = ({ verb }: AuditEvent): boolean => !READS.has(verb)

/** `resource/subresource`, or the path where nothing is named. */
export const placeOf = ({ objectRef, requestURI }: AuditEvent): string =>
  [objectRef?.resource ?? requestURI, objectRef?.subresource].filter(Boolean).join('/')

/** Of whole lines: what follows the last end of a line is still being written. */
async function* readEvents(file: FileHandle, sinceMs: number): AsyncGenerator<AuditEvent> {
  let rest = ''
  for await (const text of file.createReadStream({ encoding: 'utf8', autoClose: false })) {
    const lines = (rest + String(text)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = JSON.parse(line) as AuditEvent
      if (Date.parse(event.requestReceivedTimestamp) >= sinceMs) yield event
    }
  }
}

/** What came in from then on (ms since 1970), in the order of the answers. @param log what it was rotated into lies beside it */
export async function* readAuditLog(sinceMs = 0, log = AUDIT_LOG): AsyncGenerator<AuditEvent> {
  const [folder, prefix] = [dirname(log), basename(log, '.log')]
  const names = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith('.log'))
  // `audit-2026-….log`, …, `audit.log`: the oldest first. Opened together, since one that is rotated meanwhile has another name
  const files = await Promise.all(names.sort().map((name) => open(join(folder, name))))
  try {
    for (const file of files) if ((await file.stat()).mtimeMs >= sinceMs) yield* readEvents(file, sinceMs)
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
}
