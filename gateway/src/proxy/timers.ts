// Deadlines without a timer per call: a wheel of doubly linked lists, one coarse tick for all. Adding, moving and removing are O(1).

/** A thing with a deadline. Fields starting with `wheel` belong to the wheel. */
export interface Timed {
  /** called once, at most one tick after the deadline (`performance.now()` clock), then the entry is out of the wheel */
  expire(): void
  wheelAt: number
  wheelNext: Timed | null
  wheelPrevious: Timed | null
  wheelSlot: number
}

const SLOTS = 1024

/** Ends are early by nothing and late by at most `tickMs`. Holds no process open. */
export class TimerWheel {
  readonly #tickMs: number
  readonly #heads: (Timed | null)[] = Array.from({ length: SLOTS }, () => null)
  #size = 0
  #tick = 0
  #timer: NodeJS.Timeout | null = null

  constructor(tickMs = 100) {
    this.#tickMs = tickMs
  }

  get size(): number {
    return this.#size
  }

  /** (Re)schedules an entry `ms` from now. Moving a deadline backwards in time is lazy: the list changes only when the slot differs. */
  set(entry: Timed, ms: number): void {
    const now = performance.now()
    entry.wheelAt = now + ms
    const slot = this.#slotOf(entry.wheelAt)
    if (entry.wheelSlot === slot) return
    if (entry.wheelSlot >= 0) this.#unlink(entry)
    if (this.#timer === null) this.#startTicking(now)
    this.#link(entry, slot)
  }

  clear(entry: Timed): void {
    if (entry.wheelSlot >= 0) this.#unlink(entry)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  #slotOf(at: number): number {
    // the next whole tick: never the one just visited
    return (Math.floor(at / this.#tickMs) + 1) % SLOTS
  }

  #startTicking(now: number): void {
    this.#tick = Math.floor(now / this.#tickMs)
    this.#timer = setInterval(() => this.#advance(), this.#tickMs)
    this.#timer.unref()
  }

  #advance(): void {
    const now = performance.now()
    const target = Math.floor(now / this.#tickMs)
    // after a long pause of the process one full turn is enough: every slot is then seen once
    const first = Math.max(this.#tick + 1, target - SLOTS + 1)
    for (let tick = first; tick <= target; tick++) this.#visit(tick % SLOTS, now)
    this.#tick = Math.max(this.#tick, target)
    if (this.#size === 0) this.stop()
  }

  #visit(slot: number, now: number): void {
    let entry = this.#heads[slot] ?? null
    const due: Timed[] = []
    for (; entry; entry = entry.wheelNext) if (entry.wheelAt <= now) due.push(entry)
    for (const one of due) {
      if (one.wheelSlot !== slot || one.wheelAt > now) continue
      this.#unlink(one)
      one.expire()
    }
  }

  #link(entry: Timed, slot: number): void {
    const head = this.#heads[slot] ?? null
    entry.wheelSlot = slot
    entry.wheelNext = head
    entry.wheelPrevious = null
    if (head) head.wheelPrevious = entry
    this.#heads[slot] = entry
    this.#size++
  }

  #unlink(entry: Timed): void {
    const { wheelNext, wheelPrevious, wheelSlot } = entry
    if (wheelPrevious) wheelPrevious.wheelNext = wheelNext
    else this.#heads[wheelSlot] = wheelNext
    if (wheelNext) wheelNext.wheelPrevious = wheelPrevious
    entry.wheelNext = null
    entry.wheelPrevious = null
    entry.wheelSlot = -1
    this.#size--
  }
}
