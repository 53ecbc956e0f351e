// What replicas ask each other of sandboxes, as JSON. A replica of another version may answer other things: what is not understood is left out.
import { z } from 'zod'
import type { HeldOutput, HeldSandboxes, OtherReplicas, Row } from '../sandboxes/pods/other-replicas.ts'

const id = z.string().max(256)
const question = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('rows') }),
  z.object({ kind: z.literal('output'), id, after: id.nullable() }),
  z.object({ kind: z.literal('stop'), id }),
])
type Question = z.infer<typeof question>

const info = z.object({
  id: z.string(),
  server: z.string(),
  userId: z.string().nullable(),
  username: z.string().nullable(),
  sessionId: z.string().nullable(),
  state: z.enum(['Starting', 'Running', 'Ending', 'Failed']),
  pid: z.number().nullable(),
  startedAt: z.string().nullable(),
  lastActiveAt: z.string(),
  memoryBytes: z.number().nullable(),
  lastFault: z.string().nullable(),
  idleInSeconds: z.number().nullable(),
  progress: z.string().nullable(),
})
const rows: z.ZodType<Row[]> = z.array(z.object({ info, name: z.string(), isSession: z.boolean() }))
const output: z.ZodType<HeldOutput> = z.object({
  userId: z.string().nullable(),
  server: z.string(),
  text: z.string(),
  mark: z.string(),
  hasGap: z.boolean(),
  isLive: z.boolean(),
  lastUsedAt: z.number(),
})
const count = z.number().int().min(0)

/** What is known at once. */
const LOOK_MS = 2_000
/** a child that ignores stdin and SIGTERM is killed after 3 s, and told of after 7.5 at most */
const END_MS = 10_000

/** Null: not understood. */
export async function answerQuestion(held: HeldSandboxes, text: string): Promise<string | null> {
  const asked = read(question, text)
  if (asked === null) return null
  if (asked.kind === 'rows') return JSON.stringify(held.rows())
  if (asked.kind === 'output') return JSON.stringify(await held.output(asked.id, asked.after))
  return JSON.stringify(await held.stop(asked.id))
}

/** Asks all other replicas; null from who could not be asked. */
export type AskAll = (body: string, timeoutMs: number) => Promise<readonly (string | null)[]>

export function createQuestions(askAll: AskAll): Omit<OtherReplicas, 'serve'> {
  const ask = async <T>(asked: Question, answer: z.ZodType<T>, timeoutMs: number): Promise<T[]> => {
    const texts = await askAll(JSON.stringify(asked), timeoutMs)
    return texts.map((text) => (text === null ? null : read(answer, text))).filter((one) => one !== null)
  }
  return {
    rows: () => ask({ kind: 'rows' }, rows, LOOK_MS),
    output: (of, after) => ask({ kind: 'output', id: of, after }, output, LOOK_MS),
    async stop(of) {
      const counts = await ask({ kind: 'stop', id: of }, count, END_MS)
      return counts.reduce((sum, one) => sum + one, 0)
    },
  }
}

/** Null: it is none. */
function read<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
