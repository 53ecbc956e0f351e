// Slots for calls: so many in flight per user and per server, and a waiting room per user beyond. Stands in the hot path of
// every MCP call: with slots free, taking one is synchronous and allocates one small object.
// Fairness: users waiting for the same server take turns; one user's calls for one server start in the order they came.
import { HubError } from '@mcphub/api'

export interface FairQueueLimits {
  readonly perUser: number
  readonly perServer: number
  readonly queuedPerUser: number
  /** a call that got no slot by then is refused */
  readonly maxWaitMs: number
}

/** A slot that is held until `release()`, which may be called more than once. */
export interface Slot {
  release(): void
}

/** One of the two is called once, never before `wait` has returned, and none after `leave`. */
export interface Waiting {
  grant(slot: Slot): void
  /** `limit_exceeded` after too long a wait, `shutting_down` once closed */
  refuse(error: HubError): void
}

/** A place in line. */
export interface Place {
  leave(): void
}

interface UserState {
  readonly id: string
  inFlight: number
  queued: number
  /** one for each server this user ever waited for: what comes and goes with every wait would outlive it (docs/performance.md) */
  readonly lines: Map<ServerState, Line>
}

interface ServerState {
  readonly name: string
  inFlight: number
  /** next in turn; only lines in which somebody waits */
  first: Line | null
  last: Line | null
}

/** One user's calls that wait for one server, the oldest first. */
interface Line {
  readonly user: UserState
  readonly server: ServerState
  readonly places: HeldPlace[]
  next: Line | null
  previous: Line | null
}

/** Idle states are dropped when this many are known, so that names that come and go do not pile up. */
const SWEEP_AT = 4096

class HeldSlot implements Slot {
  #queue: FairQueue | null
  readonly #user: UserState
  readonly #server: ServerState
  constructor(queue: FairQueue, user: UserState, server: ServerState) {
    this.#queue = queue
    this.#user = user
    this.#server = server
  }
  release(): void {
    const queue = this.#queue
    if (queue === null) return
    this.#queue = null
    queue.giveBack(this.#user, this.#server)
  }
}

class HeldPlace implements Place {
  readonly #queue: FairQueue
  readonly line: Line
  readonly until: number
  #waiting: Waiting | null

  constructor(queue: FairQueue, line: Line, waiting: Waiting, until: number) {
    this.#queue = queue
    this.line = line
    this.#waiting = waiting
    this.until = until
  }

  leave(): void {
    if (this.#waiting === null) return
    this.#waiting = null
    this.#queue.forget(this)
  }

  /** In a turn of its own: a call that starts, and may end at once, is no part of the one whose end made room for it. */
  grant(slot: Slot): void {
    process.nextTick(tellGranted, this, slot)
  }

  takeWaiting(): Waiting | null {
    const waiting = this.#waiting
    this.#waiting = null
    return waiting
  }
}

function tellGranted(place: HeldPlace, slot: Slot): void {
  const waiting = place.takeWaiting()
  if (waiting === null) slot.release()
  else waiting.grant(slot)
}

export class FairQueue {
  readonly #limits: FairQueueLimits
  readonly #users = new Map<string, UserState>()
  readonly #servers = new Map<string, ServerState>()
  #inFlight = 0
  #queued = 0
  #closed = false
  /** of the one whose wait ends first; armed while anybody waits */
  #timer: NodeJS.Timeout | null = null

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  /** Calls that hold a slot, calls that wait. */
  get counts(): { readonly inFlight: number; readonly queued: number } {
    return { inFlight: this.#inFlight, queued: this.#queued }
  }

  /** A slot at once, or null: then `wait` for one. Nobody who waits is overtaken. */
  tryAcquire(userId: string, server: string): Slot | null {
    if (this.#closed) return null
    const user = this.#users.get(userId) ?? this.#addUser(userId)
    const target = this.#servers.get(server) ?? this.#addServer(server)
    return this.#isFree(user, target) ? this.#take(user, target) : null
  }

  /** @throws HubError `limit_exceeded` (with retryAfterSeconds) when the user's waiting room is full; `shutting_down` once closed */
  wait(userId: string, server: string, waiting: Waiting): Place {
    if (this.#closed) throw shuttingDown()
    const user = this.#users.get(userId) ?? this.#addUser(userId)
    const target = this.#servers.get(server) ?? this.#addServer(server)
    if (user.queued >= this.#limits.queuedPerUser) throw tooMany(this.#limits)
    const line = user.lines.get(target) ?? addLine(user, target)
    const place = new HeldPlace(this, line, waiting, performance.now() + this.#limits.maxWaitMs)
    if (line.places.length === 0) append(line)
    line.places.push(place)
    user.queued++
    this.#queued++
    if (this.#isFree(user, target)) this.#grantAt(target)
    else if (this.#timer === null) this.#arm(this.#limits.maxWaitMs)
    return place
  }

  /** Refuses all who wait and all who come; slots held stay valid. */
  close(): void {
    this.#closed = true
    this.#refuseWhere(() => true, shuttingDown())
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  /** For slots only. */
  giveBack(user: UserState, server: ServerState): void {
    user.inFlight--
    server.inFlight--
    this.#inFlight--
    if (this.#queued === 0) return
    this.#grantAt(server)
    if (user.queued === 0) return
    for (const line of user.lines.values()) {
      if (line.server !== server && line.places.length > 0) this.#grantAt(line.server)
    }
  }

  /** For places only. One whose slot is on its way is in no line any more. */
  forget(place: HeldPlace): void {
    const { line } = place
    const at = line.places.indexOf(place)
    if (at < 0) return
    line.places.splice(at, 1)
    line.user.queued--
    this.#queued--
    if (line.places.length === 0) unlink(line)
  }

  #isFree(user: UserState, server: ServerState): boolean {
    return user.inFlight < this.#limits.perUser && server.inFlight < this.#limits.perServer
  }

  #take(user: UserState, server: ServerState): Slot {
    user.inFlight++
    server.inFlight++
    this.#inFlight++
    return new HeldSlot(this, user, server)
  }

  /** Gives the server's free slots to those who wait, in turns. Whoever still waits afterwards is held by a limit: so nobody can be overtaken. */
  #grantAt(server: ServerState): void {
    let line = server.first
    while (line !== null && server.inFlight < this.#limits.perServer) {
      const { user } = line
      if (user.inFlight >= this.#limits.perUser) {
        line = line.next
        continue
      }
      const place = line.places.shift()!
      const following: Line | null = line.next
      user.queued--
      this.#queued--
      unlink(line)
      if (line.places.length > 0) append(line)
      place.grant(this.#take(user, server))
      // who was the last and has more to wait for is the next as well
      line = following ?? (line.places.length > 0 ? line : null)
    }
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#onTime(), Math.max(1, Math.ceil(ms)))
    this.#timer.unref()
  }

  #onTime(): void {
    this.#timer = null
    const now = performance.now()
    this.#refuseWhere((place) => place.until <= now, tooMany(this.#limits))
    let first = Infinity
    for (const { places } of this.#lines()) first = Math.min(first, places[0]?.until ?? Infinity)
    if (first < Infinity) this.#arm(first - now)
  }

  #refuseWhere(isMeant: (place: HeldPlace) => boolean, error: HubError): void {
    for (const place of [...this.#lines()].flatMap(({ places }) => places.filter(isMeant))) {
      this.forget(place)
      place.takeWaiting()?.refuse(error)
    }
  }

  /** Those in which somebody waits. */
  *#lines(): Generator<Line> {
    for (const server of this.#servers.values()) {
      for (let line = server.first; line !== null; line = line.next) yield line
    }
  }

  #addUser(id: string): UserState {
    if (this.#users.size >= SWEEP_AT) sweep(this.#users, (user) => user.inFlight === 0 && user.queued === 0)
    const user: UserState = { id, inFlight: 0, queued: 0, lines: new Map() }
    this.#users.set(id, user)
    return user
  }

  #addServer(name: string): ServerState {
    if (this.#servers.size >= SWEEP_AT) sweep(this.#servers, (one) => one.inFlight === 0 && one.first === null)
    const server: ServerState = { name, inFlight: 0, first: null, last: null }
    this.#servers.set(name, server)
    return server
  }
}

function addLine(user: UserState, server: ServerState): Line {
  if (user.lines.size >= SWEEP_AT) sweep(user.lines, (line) => line.places.length === 0)
  const line: Line = { user, server, places: [], next: null, previous: null }
  user.lines.set(server, line)
  return line
}

function append(line: Line): void {
  const { server } = line
  line.previous = server.last
  if (server.last === null) server.first = line
  else server.last.next = line
  server.last = line
}

function unlink(line: Line): void {
  const { server, next, previous } = line
  if (previous === null) server.first = next
  else previous.next = next
  if (next === null) server.last = previous
  else next.previous = previous
  line.next = null
  line.previous = null
}

function sweep<K, V>(map: Map<K, V>, isIdle: (value: V) => boolean): void {
  for (const [key, value] of map) if (isIdle(value)) map.delete(key)
}

function shuttingDown(): HubError {
  return new HubError('shutting_down', 'The hub is shutting down', { retryAfterSeconds: 5 })
}

function tooMany(limits: FairQueueLimits): HubError {
  const text = `${limits.perUser} calls are in flight and too many wait; try again in a moment`
  return new HubError('limit_exceeded', text, { retryAfterSeconds: 1 })
}
