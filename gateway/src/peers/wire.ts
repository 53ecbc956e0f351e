// What replicas say to each other, as JSON: a resume and the frames that answer it, a line each; and notices, several in one request. What they ask
// of sandboxes is in sandbox-questions.ts.
// A replica of another version may say more or other things: what is not understood is left out.
import { ERROR_FACES, HubError, type ErrorCode, type ErrorDetails } from '@mcphub/api'
import { z } from 'zod'
import type { ParkedRetry, PeerNotice } from '../mcp/downstream/peers.ts'
import type { AnswerKind } from '../mcp/upstream/upstreams.ts'

export const PATHS = { resume: '/peers/resume', notices: '/peers/notices', sandboxes: '/peers/sandboxes' } as const
/** whom it is for, in this life; and who says it */
export const HEADERS = { to: 'mcphub-to', from: 'mcphub-from' } as const
/** whoever lives at that address now */
export const ANYBODY = '*'
const BODY_LIMIT_BYTES = 16 * 1024 * 1024

const object = z.record(z.string(), z.unknown())
const session = z.object({ id: z.string(), userId: z.string(), keyId: z.string() })
const rpcAnswer = z.union([
  z.object({ result: object }),
  z.object({ error: z.looseObject({ code: z.number(), message: z.string() }) }),
])
const notice = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('cancel'), session, idJson: z.string() }),
  z.object({ kind: z.literal('answer'), session, id: z.string(), answer: rpcAnswer }),
  z.object({ kind: z.literal('end'), session }),
  z.object({ kind: z.literal('push'), session, json: z.string(), unlessHeard: z.string().nullable() }),
  z.object({ kind: z.literal('unsubscribe'), session, server: z.string(), uri: z.string() }),
  z.object({ kind: z.literal('level'), session, level: z.string() }),
  z.object({ kind: z.literal('roots'), session }),
  z.object({ kind: z.literal('usage'), calls: z.record(z.string(), z.number().int().min(1)) }),
])
const retry = z.object({
  id: z.string(),
  round: z.number(),
  responses: z.record(z.string(), object),
  idJson: z.string(),
  progressToken: z.union([z.string(), z.number()]).optional(),
  clientCapabilities: object,
})

export function readNotices(text: string): PeerNotice[] {
  const items = z.array(z.unknown()).safeParse(parse(text))
  return (items.data ?? []).flatMap((item) => notice.safeParse(item).data ?? [])
}

export const writeRetry = (asked: ParkedRetry): string =>
  JSON.stringify({ ...asked, responses: Object.fromEntries(asked.responses) })

/** null: it is none. */
export function readRetry(text: string): ParkedRetry | null {
  const { data } = retry.safeParse(parse(text))
  if (data === undefined) return null
  return { ...data, progressToken: data.progressToken, responses: new Map(Object.entries(data.responses)) }
}

/** An answer to a resume. `alive`: nothing new, and the replica still lives. */
export type Frame =
  | { readonly kind: 'alive' }
  | { readonly kind: 'notification'; readonly json: string }
  | { readonly kind: 'answer'; readonly json: string; readonly answerKind?: AnswerKind | undefined }
  | { readonly kind: 'fail'; readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }

export const writeFrame = (frame: Frame): string => `${JSON.stringify(frame)}\n`

export const failFrame = ({ code, message, details }: HubError): Frame => ({ kind: 'fail', code, message, details })

/** null: not understood. */
export function readFrame(line: string): Frame | null {
  const frame = parse(line) as Frame | null
  return typeof frame === 'object' && frame !== null ? frame : null
}

export function errorOf({ code, message, details }: Extract<Frame, { kind: 'fail' }>): HubError {
  return new HubError(Object.hasOwn(ERROR_FACES, code) ? code : 'internal', message, details)
}

/** @throws Error when it is too long or breaks off */
export async function readWhole(message: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message) {
    bytes += chunk.length
    if (bytes > BODY_LIMIT_BYTES) throw new Error('the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
