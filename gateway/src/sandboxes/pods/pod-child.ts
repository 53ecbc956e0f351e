// One child of a pod as this replica has it open: lines, credit in both directions, its one exit. Knows no MCP and no Kubernetes.
import type { Child, EndReason, ExitReason } from '../sandboxes.ts'
import { encodeFrame, FRAMES, HEADER_BYTES } from './frames.ts'

/** credit of a child at its start, in each direction */
const WINDOW_BYTES = 1024 * 1024
/** credit is given back in pieces of this size, so that small lines cost no frames of their own */
const CREDIT_STEP = WINDOW_BYTES / 4
/** lines that came and were not given back as credit: the window, one line beyond it, what was kept for us while we were away, and some air */
const MOST_TAKEN_BYTES = 20 * 1024 * 1024
/** input beyond the credit: its writer ignored `write`'s answer and it does not read; the shim would end the whole connection at 16 MiB */
const OVERDRAFT_BYTES = 15 * 1024 * 1024
const GRACE_MS = 1_500
/** stdin closed, SIGTERM, SIGKILL, and the word of it on its way */
const END_MS = 3 * GRACE_MS + 3_000

export interface PodChildOptions {
  /** of this connection */
  readonly number: number
  readonly sandboxId: string
  readonly incarnation: string
  readonly fingerprint: string
  readonly pid: number
  readonly send: (frame: Buffer) => void
  /** ms since the epoch */
  readonly now: () => number
}

interface ShimExit {
  readonly kind?: unknown
  readonly code?: unknown
  readonly signal?: unknown
  readonly limit?: unknown
  readonly message?: unknown
  readonly by?: unknown
}

export class PodChild implements Child {
  readonly sandboxId: string
  readonly incarnation: string
  readonly fingerprint: string
  readonly pid: number
  readonly startedAt: number
  /** when a call last began or ended: a child that chatters by itself is not in use */
  lastActiveAt: number
  /** the first line came: the server lives */
  answered = false

  readonly #options: PodChildOptions
  #holds = 0
  #credit = WINDOW_BYTES
  #owed = 0
  /** of lines, since the credit for them was last given back */
  #taken = 0
  #drainDue = false
  #isPaused = false
  #onLine: ((line: Buffer) => void) | null = null
  #waiting: Buffer[] = []
  readonly #onDrain: (() => void)[] = []
  #onLeaving: (() => void)[] = []
  #isLeaving = false
  #onExit: ((reason: ExitReason) => void)[] = []
  #exit: ExitReason | null = null
  /** why we are ending it; wins over the exit that follows */
  #verdict: ExitReason | null = null
  readonly #gone = Promise.withResolvers<void>()
  #stderr: ((text: Buffer) => void)[] = []
  #lastStderr: Buffer = Buffer.alloc(0)
  /** nobody answers any more; what was said last is all there is */
  #isSealed = false

  constructor(options: PodChildOptions) {
    this.#options = options
    this.sandboxId = options.sandboxId
    this.incarnation = options.incarnation
    this.fingerprint = options.fingerprint
    this.pid = options.pid
    this.startedAt = options.now()
    this.lastActiveAt = this.startedAt
  }

  get held(): boolean {
    return this.#holds > 0
  }
  /** Told or about to be told of its end: not to be given out. */
  get gone(): boolean {
    return this.#exit !== null || this.#verdict !== null
  }

  // --- Child ---

  write(line: string | Buffer): boolean {
    if (this.gone) return true
    const frame = encodeFrame(FRAMES.STDIN, this.#options.number, line)
    this.#credit -= frame.length
    if (this.#credit < -OVERDRAFT_BYTES) {
      void this.#finish({ kind: 'limit', limit: 'output', message: 'it does not read its input' }, 0)
      return false
    }
    this.#options.send(frame)
    if (this.#credit > 0) return true
    this.#drainDue = true
    return false
  }

  onLine(listener: (line: Buffer) => void): void {
    this.#onLine = listener
    this.#flow()
  }

  onDrain(listener: () => void): void {
    this.#onDrain.push(listener)
  }

  onLeaving(listener: () => void): void {
    if (this.#isLeaving) queueMicrotask(listener)
    else this.#onLeaving.push(listener)
  }

  onExit(listener: (reason: ExitReason) => void): void {
    const exit = this.#exit
    if (exit === null) this.#onExit.push(listener)
    else queueMicrotask(() => listener(exit))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#flow()
  }

  hold(): () => void {
    this.#holds += 1
    this.lastActiveAt = this.#options.now()
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds -= 1
      this.lastActiveAt = this.#options.now()
    }
  }

  /** What another replica may still use is only left; the rest ends for everybody. */
  end(reason: EndReason): Promise<void> {
    if (LEFT.has(reason)) return this.#leave({ kind: 'ended', by: reason })
    if (reason === 'shutdown') return this.#tell({ kind: 'ended', by: reason })
    return this.#finish({ kind: 'ended', by: reason }, GRACE_MS)
  }

  /** The last bytes of its stderr, raw. Never rejects. */
  readStderr(): Promise<Buffer> {
    if (this.#isSealed) return Promise.resolve(this.#lastStderr)
    this.#options.send(encodeFrame(FRAMES.STDERR, this.#options.number))
    return new Promise((resolve) => this.#stderr.push(resolve))
  }

  // --- of its link ---

  /** @throws when far more came than there was credit for */
  receiveLine(line: Buffer): void {
    this.answered = true
    if (this.gone) return
    this.#taken += line.length + HEADER_BYTES
    if (this.#taken > MOST_TAKEN_BYTES) throw new Error('far more came than there was credit for')
    if (this.#onLine === null || this.#isPaused || this.#waiting.length > 0) this.#waiting.push(line)
    else this.#deliver(line)
  }

  receiveCredit(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, WINDOW_BYTES)
    if (!this.#drainDue || this.#credit <= 0) return
    this.#drainDue = false
    for (const listener of this.#onDrain) listener()
  }

  receiveStderr(text: Buffer): void {
    this.#lastStderr = text
    this.#stderr.shift()?.(text)
  }

  /** Its pod goes. */
  leave(): void {
    this.#isLeaving = true
    for (const listener of this.#onLeaving.splice(0)) listener()
  }

  seal(): void {
    this.#isSealed = true
    for (const settle of this.#stderr.splice(0)) settle(this.#lastStderr)
  }

  receiveExit(told: ShimExit): void {
    void this.#tell(this.#verdict ?? readExit(told))
  }

  /** Its connection is over. */
  lose(reason: ExitReason): void {
    this.seal()
    void this.#tell(this.#verdict ?? reason)
  }

  #deliver(line: Buffer): void {
    if (this.gone) return
    this.#onLine!(line)
    this.#owed += line.length + HEADER_BYTES
    if (this.#owed < CREDIT_STEP) return
    const credit = Buffer.alloc(4)
    credit.writeUInt32BE(this.#owed)
    this.#taken -= this.#owed
    this.#owed = 0
    this.#options.send(encodeFrame(FRAMES.CREDIT, this.#options.number, credit))
  }

  #flow(): void {
    if (this.#onLine === null) return
    while (this.#waiting.length > 0 && !this.#isPaused) this.#deliver(this.#waiting.shift()!)
  }

  #finish(verdict: ExitReason, graceMs: number): Promise<void> {
    if (this.gone) return this.#gone.promise
    this.#verdict = verdict
    const reason = verdict.kind === 'ended' ? verdict.by : verdict.kind
    this.#options.send(encodeFrame(FRAMES.KILL, this.#options.number, JSON.stringify({ reason, graceMs })))
    const late = setTimeout(() => void this.#tell(verdict), END_MS)
    late.unref()
    void this.#gone.promise.then(() => clearTimeout(late))
    return this.#gone.promise
  }

  #leave(verdict: ExitReason): Promise<void> {
    if (this.gone) return this.#gone.promise
    this.#options.send(encodeFrame(FRAMES.LEAVE, this.#options.number))
    return this.#tell(verdict)
  }

  #tell(reason: ExitReason): Promise<void> {
    if (this.#exit === null) {
      this.#exit = reason
      this.#gone.resolve()
      for (const listener of this.#onExit.splice(0)) listener(reason)
    }
    return this.#gone.promise
  }
}

/** of no use here; perhaps to others */
const LEFT: ReadonlySet<string> = new Set<EndReason>(['replaced', 'idle', 'discovered'])

const END_REASONS: ReadonlySet<string> = new Set<EndReason>([
  'idle',
  'stopped',
  'deactivated',
  'deleted',
  'replaced',
  'entitlement',
  'session',
  'shutdown',
  'discovered',
  'protocol',
])

/** What the shim said; words it made up itself become ours. */
function readExit({ kind, code, signal, limit, message, by }: ShimExit): ExitReason {
  if (kind === 'limit') {
    const text = typeof message === 'string' ? message : 'a limit is broken'
    return { kind: 'limit', limit: limit === 'line' ? 'line' : 'output', message: text }
  }
  if (kind === 'ended') return { kind: 'ended', by: endReasonOf(by) }
  return {
    kind: 'exited',
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? signal : null,
  }
}

/** `drained`: the pod goes; `left`: nobody had it open. */
function endReasonOf(by: unknown): EndReason {
  if (typeof by === 'string' && END_REASONS.has(by)) return by as EndReason
  return by === 'drained' ? 'replaced' : 'idle'
}
