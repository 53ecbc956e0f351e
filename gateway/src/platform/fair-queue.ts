// Slots for calls: so many in flight per user and per server, and a waiting room per user beyond (design.md §8). Stands in the hot path of
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

interface UserState {
  readonly id: string
  inFlight: number
  queued: number
  /** servers this user waits for, in turn order */
  readonly waiting: Set<ServerState>
}

interface ServerState {
  readonly name: string
  inFlight: number
  /** first in the map = next in turn */
  readonly waiting: Map<UserState, Waiter[]>
}

interface Waiter {
  grant(slot: Slot): void
  refuse(error: HubError): void
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

export class FairQueue {
  readonly #limits: FairQueueLimits
  readonly #users = new Map<string, UserState>()
  readonly #servers = new Map<string, ServerState>()
  #inFlight = 0
  #queued = 0
  #closed = false

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  /** Calls that hold a slot, calls that wait. */
  get counts(): { readonly inFlight: number; readonly queued: number } {
    return { inFlight: this.#inFlight, queued: this.#queued }
  }

  /** A slot at once, or null: then `acquire` waits for one. Nobody who waits is overtaken. */
  tryAcquire(userId: string, server: string): Slot | null {
    if (this.#closed) return null
    const user = this.#users.get(userId) ?? this.#addUser(userId)
    const target = this.#servers.get(server) ?? this.#addServer(server)
    return this.#isFree(user, target) ? this.#take(user, target) : null
  }

  /**
   * @throws HubError `limit_exceeded` (with retryAfterSeconds) when the user's waiting room is full or the wait was too long; `canceled`
   *   when the signal aborts; `shutting_down` once closed
   */
  async acquire(userId: string, server: string, signal?: AbortSignal): Promise<Slot> {
    if (signal?.aborted) throw new HubError('canceled', 'The call was canceled')
    if (this.#closed) throw new HubError('shutting_down', 'The hub is shutting down', { retryAfterSeconds: 5 })
    const slot = this.tryAcquire(userId, server)
    if (slot !== null) return slot
    const user = this.#users.get(userId)!
    if (user.queued >= this.#limits.queuedPerUser) throw tooMany(this.#limits)
    return this.#wait(user, this.#servers.get(server)!, signal)
  }

  /** Refuses all who wait and all who come; slots held stay valid. */
  close(): void {
    this.#closed = true
    const waiters = [...this.#servers.values()].flatMap((server) => [...server.waiting.values()].flat())
    for (const waiter of waiters) {
      waiter.refuse(new HubError('shutting_down', 'The hub is shutting down', { retryAfterSeconds: 5 }))
    }
  }

  /** For slots only. */
  giveBack(user: UserState, server: ServerState): void {
    user.inFlight--
    server.inFlight--
    this.#inFlight--
    if (this.#queued === 0) return
    this.#grantAt(server)
    for (const other of user.waiting) {
      if (other !== server) this.#grantAt(other)
    }
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
    // a user who moves to the end is met again: that is the next turn
    for (const [user, waiters] of server.waiting) {
      if (server.inFlight >= this.#limits.perServer) return
      if (user.inFlight >= this.#limits.perUser) continue
      const waiter = waiters[0]!
      this.#forget(user, server, waiter)
      if (waiters.length > 0) moveToEnd(server.waiting, user, waiters)
      waiter.grant(this.#take(user, server))
    }
  }

  #wait(user: UserState, server: ServerState, signal: AbortSignal | undefined): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = {
        grant: (slot) => {
          settle()
          resolve(slot)
        },
        refuse: (error) => {
          settle()
          this.#forget(user, server, waiter)
          reject(error)
        },
      }
      const onAbort = () => waiter.refuse(new HubError('canceled', 'The call was canceled'))
      const timer = setTimeout(() => waiter.refuse(tooMany(this.#limits)), this.#limits.maxWaitMs)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#remember(user, server, waiter)
    })
  }

  #remember(user: UserState, server: ServerState, waiter: Waiter): void {
    const waiters = server.waiting.get(user)
    if (waiters) waiters.push(waiter)
    else server.waiting.set(user, [waiter])
    user.waiting.add(server)
    user.queued++
    this.#queued++
  }

  #forget(user: UserState, server: ServerState, waiter: Waiter): void {
    const waiters = server.waiting.get(user)
    const at = waiters?.indexOf(waiter) ?? -1
    if (!waiters || at < 0) return
    waiters.splice(at, 1)
    user.queued--
    this.#queued--
    if (waiters.length > 0) return
    server.waiting.delete(user)
    user.waiting.delete(server)
  }

  #addUser(id: string): UserState {
    if (this.#users.size >= SWEEP_AT) sweep(this.#users, (user) => user.inFlight === 0 && user.queued === 0)
    const user: UserState = { id, inFlight: 0, queued: 0, waiting: new Set() }
    this.#users.set(id, user)
    return user
  }

  #addServer(name: string): ServerState {
    if (this.#servers.size >= SWEEP_AT) sweep(this.#servers, (one) => one.inFlight === 0 && one.waiting.size === 0)
    const server: ServerState = { name, inFlight: 0, waiting: new Map() }
    this.#servers.set(name, server)
    return server
  }
}

function moveToEnd<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
}

function sweep<V>(map: Map<string, V>, isIdle: (value: V) => boolean): void {
  for (const [key, value] of map) if (isIdle(value)) map.delete(key)
}

function tooMany(limits: FairQueueLimits): HubError {
  const text = `${limits.perUser} calls are in flight and too many wait; try again in a moment`
  return new HubError('limit_exceeded', text, { retryAfterSeconds: 1 })
}
