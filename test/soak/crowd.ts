// A crowd that goes on for as long as it is told: people of both eras with colliding ids, on servers of every kind. Every answer must be bound to its
// asker's own secret, every progress complete, in order and before its result.
import { createHmac } from 'node:crypto'
import { buildPost, WireConnection, type WireAnswer } from '../kit/wire.ts'

export interface Soaker {
  readonly key: string
  readonly secret: string
}

export interface SoakReport {
  calls: number
  errors: number
  /** somebody else's answer, or another call's */
  mismatches: number
  /** lost, late, foreign or out of order */
  progressFaults: number
  readonly samples: string[]
}

interface Message {
  readonly id?: unknown
  readonly method?: string
  readonly params?: { readonly progressToken?: unknown; readonly progress?: number }
  readonly result?: { readonly content?: readonly { readonly text?: string }[]; readonly isError?: boolean }
  readonly error?: { readonly message: string }
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'soak', version: '1' },
}
const STEPS = 3
/** so few that everybody's collide */
const IDS = 5

const sign = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex')

interface Case {
  readonly tool: string
  readonly args: (user: Soaker, n: number) => object
  readonly want: (user: Soaker, n: number) => string
  readonly steps: number
}

const CASES: readonly Case[] = [
  // HTTP, one for all, the credential per call; JSON and event streams
  ...['upstream', 'streaming'].map((server) => ({
    tool: `${server}__echo`,
    args: (user: Soaker, n: number) => ({ text: sign(user.secret, `u${n}`) }),
    want: (user: Soaker, n: number) => `${user.secret}|${sign(user.secret, `u${n}`)}`,
    steps: 0,
  })),
  // one child for all, answers in another order than asked
  {
    tool: 'probe-shared__slow',
    args: (user, n) => ({ ms: (n * 7) % 11, value: sign(user.secret, `s${n}`) }),
    want: (user, n) => sign(user.secret, `s${n}`),
    steps: 0,
  },
  { tool: 'probe-shared__progress', args: () => ({ steps: STEPS }), want: () => 'done', steps: STEPS },
]
/** a child of one's own: it alone knows the secret */
const OWN: Case = {
  tool: 'probe__nonce',
  args: (_user, n) => ({ challenge: `c${n}` }),
  want: (user, n) => sign(user.secret, `c${n}`),
  steps: 0,
}

export const createReport = (): SoakReport => ({ calls: 0, errors: 0, mismatches: 0, progressFaults: 0, samples: [] })

/** One person: an older and a newer client at the same time, until it is over. */
export async function soak(
  port: number,
  user: Soaker,
  how: { readonly hasChild: boolean; readonly isOver: () => boolean; readonly report: SoakReport },
): Promise<void> {
  const cases = how.hasChild ? [...CASES, OWN] : CASES
  await Promise.all([
    soakClient(port, user, { ...how, cases, isModern: false }),
    soakClient(port, user, { ...how, cases, isModern: true }),
  ])
}

async function soakClient(
  port: number,
  user: Soaker,
  how: {
    readonly cases: readonly Case[]
    readonly isModern: boolean
    readonly isOver: () => boolean
    readonly report: SoakReport
  },
): Promise<void> {
  const { cases, isModern, isOver, report } = how
  const connection = new WireConnection(port)
  const path = `/mcp?key=${user.key}`
  const own = isModern
    ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }
    : await openSession(connection, path)
  for (let n = 0; !isOver(); n++) {
    const one = cases[n % cases.length]!
    const id = n % IDS
    const token = n % 2 === 0 ? id : `t${id}`
    const meta = { ...(isModern ? META : {}), progressToken: token }
    const params = { name: one.tool, arguments: one.args(user, n), _meta: meta }
    const headers = isModern ? { ...own, 'mcp-name': one.tool } : own
    const answer = await connection.send(
      buildPost(path, headers, JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })),
    )
    report.calls++
    judge(report, answer, { id, token, want: one.want(user, n), steps: one.steps })
  }
  connection.close()
}

async function openSession(connection: WireConnection, path: string): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'soak', version: '1' } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
  const answer = await connection.send(buildPost(path, {}, body))
  const id = /\r\nmcp-session-id: *([^\r]+)/i.exec(answer.headers)?.[1]
  if (id === undefined) throw new Error(`initialize: ${answer.status} ${answer.body.slice(0, 300)}`)
  return { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' }
}

function judge(
  report: SoakReport,
  { status, body }: WireAnswer,
  asked: { readonly id: number; readonly token: unknown; readonly want: string; readonly steps: number },
): void {
  const texts = body.startsWith('{') ? [body] : Array.from(body.matchAll(/^data: (.+)$/gm), ([, data = '']) => data)
  const messages = texts.map((text) => JSON.parse(text) as Message)
  const answers = messages.filter((message) => message.method === undefined)
  const [answer] = answers
  const keep = (): void => {
    if (report.samples.length < 20)
      report.samples.push(`${status} ${body.slice(0, 400)} instead of ${asked.want.slice(0, 100)}`)
  }
  if (answers.length !== 1 || answer?.id !== asked.id || messages.at(-1) !== answer) {
    report.mismatches++
    return keep()
  }
  const text = answer.result?.content?.[0]?.text
  if (answer.error !== undefined || answer.result?.isError === true) report.errors++
  else if (text !== asked.want) report.mismatches++
  const told = messages.filter((message) => message.method === 'notifications/progress')
  // below one: the hub's own words on why a start takes long
  const steps = told.filter(({ params }) => (params?.progress ?? 0) >= 1)
  const isWhole = steps.length === asked.steps && steps.every(({ params }, at) => params?.progress === at + 1)
  const isOwn = told.every(({ params }) => params?.progressToken === asked.token)
  if (answer.error === undefined && !(isWhole && isOwn)) report.progressFaults++
  if (text !== asked.want || !isWhole || !isOwn) keep()
}
