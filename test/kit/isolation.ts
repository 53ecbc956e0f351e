// The cross-talk oracle: many users, colliding ids, shared, per-user and per-session servers. Every answer must carry a nonce that follows
// from its own user's secret; the driver knows all secrets and tells wrong, foreign and missing answers apart.
import { createHmac } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { buildPost, WireConnection, type WireAnswer } from './wire.ts'

export interface IsolationUser {
  readonly key: string
  readonly secret: string
}

export interface IsolationPlan {
  readonly port: number
  readonly users: readonly IsolationUser[]
  readonly callsPerUser: number
  /** users that also use servers which are dear to start, and two sessions with a state each */
  readonly heavyUsers: number
}

export interface IsolationReport {
  calls: number
  mismatches: number
  errors: number
  /** the first few, for people */
  samples: string[]
}

interface Rpc {
  readonly id?: unknown
  readonly result?: { readonly content?: readonly { readonly text?: string }[]; readonly isError?: boolean }
  readonly error?: { readonly code: number; readonly message: string }
}

const nonceOf = (secret: string, challenge: string): string =>
  createHmac('sha256', secret).update(challenge).digest('hex')

/** The JSON-RPC response among what came back, as JSON or as the last event of a stream. */
function parseAnswer(answer: WireAnswer): Rpc {
  if (answer.body.startsWith('{')) return JSON.parse(answer.body) as Rpc
  const events = [...answer.body.matchAll(/^data: ?(.+)$/gm)].map((match) => JSON.parse(match[1] ?? 'null') as Rpc)
  return events.find((event) => event.result !== undefined || event.error !== undefined) ?? {}
}

/** One MCP session, one call after another; ids start at 0 in each, so that they collide everywhere. */
class Session {
  readonly #port: number
  #connection: WireConnection
  readonly #path: string
  readonly #headers: Record<string, string> = { 'mcp-protocol-version': '2025-11-25' }
  #id = 0

  constructor(port: number, key: string) {
    this.#port = port
    this.#connection = new WireConnection(port)
    this.#path = `/mcp?key=${key}`
  }

  async open(): Promise<this> {
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'isolation', version: '1.0.0' },
    }
    const answer = await this.#post({ jsonrpc: '2.0', id: this.#id++, method: 'initialize', params })
    const id = /\r\nmcp-session-id: *([^\r]+)/i.exec(answer.headers)?.[1]
    if (id === undefined) throw new Error(`initialize: ${answer.status} ${answer.body.slice(0, 300)}`)
    this.#headers['mcp-session-id'] = id
    await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return this
  }

  /** As editors do: nothing is called before it was listed. Hundreds of children start at once: how long that takes is the machine's doing. */
  async waitForTools(names: readonly string[], ms = 480_000): Promise<void> {
    const deadline = Date.now() + ms
    for (;;) {
      const answer = await this.#post({ jsonrpc: '2.0', id: this.#id++, method: 'tools/list' })
      const missing = names.filter((name) => !answer.body.includes(`"${name}"`))
      if (missing.length === 0) return
      await wait(250)
      if (Date.now() > deadline)
        throw new Error(`never listed ${missing.join(', ')}: ${answer.status} ${answer.body.slice(0, 500)}`)
    }
  }

  /** @returns the text of the answer, or an error's text behind `!`; an answer with another id is `!id …` */
  async call(name: string, args: object): Promise<string> {
    const id = this.#id++
    const rpc = parseAnswer(
      await this.#post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } }),
    )
    if (rpc.id !== id) return `!id ${String(rpc.id)} instead of ${id} ${rpc.error?.message ?? ''}`
    if (rpc.error) return `!${rpc.error.message}`
    const text = rpc.result?.content?.[0]?.text ?? ''
    return rpc.result?.isError ? `!${text}` : text
  }

  close(): void {
    this.#connection.close()
  }

  #post(message: object): Promise<WireAnswer> {
    // the hub ends a connection that was idle for long, as any server does: a slow machine makes a minute of waiting for the tools
    if (this.#connection.isClosed) this.#connection = new WireConnection(this.#port)
    return this.#connection.send(buildPost(this.#path, this.#headers, JSON.stringify(message)))
  }
}

interface Case {
  readonly run: (session: Session, n: number) => Promise<string>
  readonly want: (user: IsolationUser, n: number) => string
}

/** What every user does; each answer is bound to the user's secret. */
const LIGHT: readonly Case[] = [
  // shared by everybody, a real server
  {
    run: (session, n) => session.call('everything__echo', { message: `m${n}` }),
    want: (_user, n) => `Echo: m${n}`,
  },
  // one HTTP upstream for all, credentials per call
  {
    run: (session, n) => session.call('upstream__echo', { text: `u${n}` }),
    want: (user, n) => `${user.secret}|u${n}`,
  },
  // a child of one's own
  {
    run: (session, n) => session.call('probe__nonce', { challenge: `c${n}` }),
    want: (user, n) => nonceOf(user.secret, `c${n}`),
  },
]

const NEEDED = ['everything__echo', 'upstream__echo', 'probe__nonce', 'probe-shared__slow']
const NEEDED_HEAVY = ['windows__set', 'memory__read_graph']

async function runUser(
  plan: IsolationPlan,
  user: IsolationUser,
  heavy: boolean,
  report: IsolationReport,
): Promise<void> {
  const sessions = await Promise.all([new Session(plan.port, user.key).open(), new Session(plan.port, user.key).open()])
  await sessions[0]?.waitForTools(heavy ? [...NEEDED, ...NEEDED_HEAVY] : NEEDED)
  const check = (got: string, want: string): void => {
    report.calls++
    if (got === want) return
    if (got.startsWith('!') && !got.startsWith('!id')) report.errors++
    else report.mismatches++
    if (report.samples.length < 5) report.samples.push(`${got.slice(0, 200)} instead of ${want.slice(0, 80)}`)
  }
  /** shared by everybody, answers in another order than asked: what comes back must be this user's own */
  const shared = async (session: Session, n: number) => {
    const value = nonceOf(user.secret, `s${n}`)
    check(await session.call('probe-shared__slow', { ms: (n * 7) % 11, value }), value)
  }
  const stateful = async (session: Session, index: number, n: number) => {
    const value = nonceOf(user.secret, `w${index}-${n}`)
    check(await session.call('windows__set', { value }), 'ok')
    check(await session.call('windows__get', {}), value)
  }
  const tag = nonceOf(user.secret, 'graph').slice(0, 16)
  /** the whole graph of this user's child: every node must be the user's own */
  const graph = async (session: Session, n: number) => {
    const entity = { name: `${tag}-${n}`, entityType: 'n', observations: [] }
    await session.call('memory__create_entities', { entities: [entity] })
    const found = await session.call('memory__read_graph', {})
    const names = [...found.matchAll(/"name": ?"([^"]+)"/g)].map((match) => match[1] ?? '')
    const foreign = names.find((name) => !name.startsWith(tag))
    check(found.startsWith('!') ? found : (foreign ?? (names.includes(entity.name) ? tag : 'lost')), tag)
  }
  const half = Math.ceil(plan.callsPerUser / sessions.length)
  await Promise.all(
    sessions.map(async (session, index) => {
      for (let n = 0; n < half; n++) {
        const light = LIGHT[n % (LIGHT.length + 1)]
        if (light) check(await light.run(session, n), light.want(user, n))
        else await shared(session, n)
        if (heavy && n % 10 === 0) await stateful(session, index, n)
        if (heavy && index === 0 && n % 50 === 0) await graph(session, n)
      }
      session.close()
    }),
  )
}

export async function runIsolation(plan: IsolationPlan): Promise<IsolationReport> {
  const report: IsolationReport = { calls: 0, mismatches: 0, errors: 0, samples: [] }
  await Promise.all(plan.users.map((user, index) => runUser(plan, user, index < plan.heavyUsers, report)))
  return report
}
