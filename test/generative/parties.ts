// The people of one sequence: their keys, their sessions, and everything they do that is no call; each of these is judged on the spot.
import { Exchange, MODERN_META, modernHeaders, type Message, type RequestPlan } from './client.ts'
import type { Judge } from './judge.ts'
import { CALLERS, SERVERS, type CallerName, type ServerName } from './plan.ts'
import { hasSession, isModern, type Person, type SessionRecord } from './records.ts'
import { eventually, type GenerativeWorld } from './world.ts'

const SESSIONS = CALLERS.filter(hasSession)
const CLEAN_MS = 3_000

export class Parties {
  readonly #world: GenerativeWorld
  readonly #violations: string[]
  readonly #index: number
  readonly #people = new Map<string, Person>()
  readonly #sessions = new Map<CallerName, SessionRecord>()
  /** how many audit records each request makes; a range where it is not known whether the hub saw it */
  readonly #expected: { readonly exchange: Exchange; readonly person: Person; count: number }[] = []
  #auditedFrom = 0

  constructor(world: GenerativeWorld, violations: string[], index: number) {
    this.#world = world
    this.#violations = violations
    this.#index = index
  }

  async open(): Promise<void> {
    this.#auditedFrom = this.#world.audit.length
    for (const who of ['a', 'b'] as const) this.#people.set(who, this.#makePerson(who))
    for (const caller of SESSIONS) await this.#openSession(caller)
  }

  person(who: 'a' | 'b'): Person {
    return this.#people.get(who)!
  }

  of(caller: CallerName): Person {
    return this.person(caller[0] as 'a' | 'b')
  }

  session(caller: CallerName): SessionRecord | null {
    return this.#sessions.get(caller) ?? null
  }

  send(caller: CallerName, plan: Omit<RequestPlan, 'key'>, onMessage?: (message: Message) => void): Exchange {
    const session = this.session(caller)
    const headers = {
      ...(session === null ? {} : { 'mcp-session-id': session.sealed }),
      ...plan.headers,
    }
    return this.#exchange({ ...plan, key: this.of(caller).key, headers }, onMessage)
  }

  /** So many requests are in it, each of which makes one audit record. */
  expect(exchange: Exchange, count: number): void {
    const person = [...this.#people.values()].find(({ key }) => key === exchange.plan.key)!
    this.#expected.push({ exchange, person, count })
  }

  /** A notification or a response: 202, or what is said to who may not. */
  async post(caller: CallerName, message: object): Promise<void> {
    const exchange = this.send(caller, { method: 'POST', path: '/mcp', body: JSON.stringify(message) })
    await exchange.done
    const wanted = this.#refusedStatus(caller) ?? 202
    if (exchange.status !== wanted) this.#say(`${caller} posted ${JSON.stringify(message)} and got ${exchange.status}`)
    this.expect(exchange, exchange.status === 404 ? 1 : 0)
  }

  notify(caller: CallerName, method: string, params: object): Promise<void> {
    return this.post(caller, { jsonrpc: '2.0', method, params })
  }

  // --- steps that are judged on the spot ---

  async list(by: CallerName): Promise<void> {
    const exchange = this.#ask(by, 'tools/list')
    await exchange.done
    const status = this.#refusedStatus(by)
    if (status !== null) return this.#is(exchange.status, status, `the list of ${by}`)
    const tools = (exchange.messages[0]?.result?.['tools'] ?? []) as { readonly name: string }[]
    const { hidden } = this.of(by)
    const wanted = SERVERS.filter((name) => !hidden.has(name)).map((name) => `${name}__do`)
    this.#is(
      tools
        .map(({ name }) => name)
        .toSorted()
        .join(),
      wanted.toSorted().join(),
      `the list of ${by}`,
    )
  }

  /** What is hidden and what does not exist are refused by the same bytes. */
  async hidden(by: CallerName): Promise<void> {
    const texts: string[] = []
    for (const name of ['secret__do', 'absent__do']) {
      const exchange = this.#ask(by, 'tools/call', { name, arguments: {} }, name)
      await exchange.done
      texts.push(`${exchange.status} ${withoutRequestId(exchange.text)}`)
    }
    this.#is(texts[0] ?? '', texts[1] ?? '', `the refusal for ${by}`)
  }

  async malformed(by: CallerName): Promise<void> {
    const exchange = this.send(by, { method: 'POST', path: '/mcp', body: '{"jsonrpc":"2.0","id":1,"id":2}' })
    await exchange.done
    this.expect(exchange, 1)
    this.#is(exchange.status, this.of(by).isRevoked ? 401 : 400, `malformed of ${by}`)
  }

  /** A session's stream for what belongs to no call. */
  async stream(by: CallerName): Promise<void> {
    const session = this.session(by)
    if (session === null) return
    const isThere = session.streams.filter((stream) => stream.end === 'open').length
    if (isThere >= 2) return
    const stream = this.send(by, { method: 'GET', path: '/mcp', accept: 'text/event-stream' })
    session.streams.push(stream)
    await eventually(() => stream.status !== 0 || stream.end !== 'open', CLEAN_MS)
    this.expect(stream, stream.status === 404 ? 1 : 0)
    this.#is(stream.status, this.#refusedStatus(by) ?? 200, `the stream of ${by}`)
  }

  /** The other person knows the session id. */
  async hijack(by: CallerName): Promise<void> {
    const session = this.session(by)
    const thief = this.person(by.startsWith('a') ? 'b' : 'a')
    if (session === null || thief.isRevoked) return
    for (const method of ['POST', 'GET', 'DELETE'] as const) {
      const texts: string[] = []
      for (const id of [session.sealed, `${session.sealed.slice(0, -4)}AAAA`]) {
        const exchange = this.#exchange({
          method,
          path: '/mcp',
          key: thief.key,
          headers: { 'mcp-session-id': id },
          accept: method === 'GET' ? 'text/event-stream' : '*/*',
          ...(method === 'POST' ? { body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' } : {}),
        })
        await Promise.race([exchange.done, eventually(() => exchange.status === 200, CLEAN_MS)])
        this.expect(exchange, 1)
        texts.push(`${exchange.status} ${withoutRequestId(exchange.text)}`)
        if (exchange.end === 'open') exchange.drop()
      }
      this.#is(texts[0] ?? '', texts[1] ?? '', `${method} with the session of ${by}`)
      if (!texts[0]?.startsWith('404 ')) this.#say(`${method} with the session of ${by} got ${texts[0]}`)
    }
  }

  async end(by: CallerName): Promise<void> {
    const exchange = this.send(by, { method: 'DELETE', path: '/mcp', accept: '*/*' })
    await exchange.done
    this.#is(exchange.status, this.#refusedStatus(by) ?? 200, `the end of ${by}`)
    this.expect(exchange, exchange.status === 401 ? 0 : 1)
    const session = this.session(by)
    if (session !== null && !this.of(by).isRevoked) session.isEnded = true
  }

  hide(person: Person, server: ServerName, isHidden: boolean): void {
    if (isHidden) person.hidden.add(server)
    else person.hidden.delete(server)
    this.#world.access.hide(person.userId, server, isHidden)
  }

  rotate(person: Person): void {
    person.value = `${person.value}+`
    this.#world.variables.set(person.userId, 'USER_TOKEN', person.value)
  }

  revoke(person: Person, silently: boolean): void {
    if (person.isRevoked) return
    person.isRevoked = true
    this.#world.authenticator.revoke(person.key, silently)
  }

  /** The end: nothing is left of anybody, and the books are right. */
  async close(judge: Judge): Promise<void> {
    await this.#closeStreams(judge)
    await this.#checkAudit()
    for (const person of this.#people.values()) this.revoke(person, false)
    const { children, upstreams } = this.#world
    // a silent revocation ends nothing upstream by itself; the next look of the hub does
    for (const { userId } of this.#people.values()) await upstreams.closeUser(userId, null)
    const left = () => ({
      children: [...this.#people.values()].reduce((sum, { userId }) => sum + children.running(userId), 0),
      inFlight: this.#world.inFlight(),
      slots: this.#world.slots(),
    })
    const isClean = await eventually(() => Object.values(left()).every((count) => count === 0), CLEAN_MS)
    if (!isClean) this.#say(`left behind: ${JSON.stringify(left())}`)
  }

  async #closeStreams(judge: Judge): Promise<void> {
    for (const session of this.#sessions.values()) {
      for (const stream of session.streams) {
        judge.stream(stream, session)
        const mustEnd = session.isEnded || session.person.isRevoked
        if (mustEnd && !(await eventually(() => stream.end !== 'open', CLEAN_MS))) {
          this.#say(`the stream of ${session.caller} outlived its session`)
        }
        if (stream.end === 'open') stream.drop()
      }
    }
  }

  async #checkAudit(): Promise<void> {
    for (const person of this.#people.values()) {
      const own = this.#expected.filter((one) => one.person === person)
      const most = own.reduce((sum, { count }) => sum + count, 0)
      const least = own.reduce((sum, { count, exchange }) => sum + leastOf(exchange, count), 0)
      const found = () =>
        this.#world.audit
          .slice(this.#auditedFrom)
          .filter(({ kind, userId }) => kind === 'mcp' && userId === person.userId).length
      const isRight = await eventually(() => found() >= least, CLEAN_MS)
      if (!isRight || found() > most)
        this.#say(`${found()} audit records of ${person.who} instead of ${least} to ${most}`)
    }
  }

  #makePerson(who: 'a' | 'b'): Person {
    const key = this.#world.authenticator.addKey(`${who}${this.#index}`)
    const { userId } = this.#world.authenticator.principal(key)
    const person: Person = {
      who,
      key,
      userId,
      value: `value-${who}${this.#index}`,
      isRevoked: false,
      hidden: new Set(),
    }
    this.#world.variables.set(userId, 'USER_TOKEN', person.value)
    this.#world.access.hide(userId, 'secret')
    return person
  }

  async #openSession(caller: CallerName): Promise<void> {
    const canElicit = caller !== 'a2'
    const person = this.of(caller)
    const params = {
      protocolVersion: caller === 'aBatch' ? '2025-03-26' : '2025-11-25',
      capabilities: canElicit ? { elicitation: {} } : {},
      clientInfo: { name: caller, version: '1' },
    }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
    const exchange = this.#exchange({ method: 'POST', path: '/mcp', key: person.key, body })
    await exchange.done
    this.expect(exchange, 1)
    const row = this.#world.sessionStore.rows.at(-1)
    if (exchange.sessionId === null || row?.userId !== person.userId) return this.#say(`no session: ${exchange.text}`)
    const session = { caller, person, sealed: exchange.sessionId, id: row.id, canElicit, isEnded: false, streams: [] }
    this.#sessions.set(caller, session)
  }

  #ask(by: CallerName, method: string, params: object = {}, name?: string): Exchange {
    const isNew = isModern(by)
    const all = isNew ? { ...params, _meta: MODERN_META } : params
    const body = JSON.stringify({ jsonrpc: '2.0', id: 5, method, params: all })
    const headers = isNew ? modernHeaders(method, name) : {}
    const exchange = this.send(by, { method: 'POST', path: '/mcp', body, headers })
    this.expect(exchange, 1)
    return exchange
  }

  #exchange(plan: RequestPlan, onMessage?: (message: Message) => void): Exchange {
    return new Exchange(this.#world.agent, this.#world.url, plan, onMessage)
  }

  #refusedStatus(by: CallerName): 401 | 404 | null {
    if (this.of(by).isRevoked) return 401
    return this.session(by)?.isEnded ? 404 : null
  }

  #is(got: string | number, wanted: string | number, what: string): void {
    if (got !== wanted) this.#say(`${what}: ${got} instead of ${wanted}`)
  }

  #say(what: string): void {
    this.#violations.push(what)
  }
}

/** 401 may have come before or after the request was opened; who left may have left before it was read; a refused batch is one. */
function leastOf({ end, status }: Exchange, count: number): number {
  if (end !== 'whole' || status === 401) return 0
  return status === 200 ? count : Math.min(count, 1)
}

function withoutRequestId(text: string): string {
  return text.replace(/"requestId":"[^"]+"/, '')
}
