// One running stdio server: its pipes, its limits, its one exit. Knows no MCP and no pool.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { Child, EndReason, ExitReason } from '../sandboxes.ts'
import { LineReader } from './line-reader.ts'
import type { StderrRing } from './stderr-ring.ts'

/** After its exit a child's last lines are waited for this long: a grandchild may hold the pipe open. */
const LAST_LINES_MS = 250

export interface ProcessChildOptions {
  readonly process: ChildProcessWithoutNullStreams
  readonly sandboxId: string
  readonly incarnation: string
  readonly fingerprint: string
  readonly stderr: StderrRing
  readonly lineBytes: number
  /** waiting input beyond this: `write` returns false */
  readonly bufferBytes: number
  /** waiting input beyond this ends the child: its writer ignored `write`'s answer and it does not read */
  readonly inputBytes: number
  readonly now: () => number
  /** Ends the tree (politely or at once); resolves when nothing is left. */
  readonly endTree: (polite: boolean) => Promise<void>
}

export class ProcessChild implements Child {
  readonly sandboxId: string
  readonly incarnation: string
  readonly fingerprint: string
  /** time when a call last began or ended: a child that talks of its own accord is idle all the same */
  lastActiveAt: number
  /** the first line came: the server lives */
  answered = false
  /** time of the first write */
  askedAt: number | null = null

  readonly #options: ProcessChildOptions
  readonly #reader: LineReader
  #holds = 0
  #onLine: ((line: Buffer) => void) | null = null
  #waiting: Buffer[] = []
  #onDrain: (() => void)[] = []
  #drainDue = false
  #onExit: ((reason: ExitReason) => void)[] = []
  #exit: ExitReason | null = null
  /** why we are ending it; wins over the exit code that follows */
  #verdict: ExitReason | null = null
  #paused = false
  #ended: Promise<void> | null = null

  constructor(options: ProcessChildOptions) {
    this.#options = options
    this.sandboxId = options.sandboxId
    this.incarnation = options.incarnation
    this.fingerprint = options.fingerprint
    this.lastActiveAt = options.now()
    this.#reader = new LineReader(options.lineBytes, {
      line: (line) => this.#handleLine(line),
      tooLong: () => this.fail('line', `a line of its output is longer than ${options.lineBytes} bytes`),
    })
    this.#wire()
  }

  get pid(): number | null {
    return this.#options.process.pid ?? null
  }
  get held(): boolean {
    return this.#holds > 0
  }
  /** Told or about to be told of its end: not to be given out. */
  get gone(): boolean {
    return this.#exit !== null || this.#verdict !== null
  }

  write(line: string | Buffer): boolean {
    const { stdin } = this.#options.process
    if (this.gone || !stdin.writable) return true
    this.askedAt ??= this.#options.now()
    if (typeof line === 'string') stdin.write(`${line}\n`)
    else this.#writeBytes(line)
    if (stdin.writableLength > this.#options.inputBytes) this.fail('output', 'it does not read its input')
    const full = stdin.writableLength > this.#options.bufferBytes
    this.#drainDue ||= full
    return !full
  }

  onLine(listener: (line: Buffer) => void): void {
    this.#onLine = listener
    const waiting = this.#waiting
    this.#waiting = []
    for (const line of waiting) listener(line)
    if (!this.#paused) this.#flow()
  }

  onDrain(listener: () => void): void {
    this.#onDrain.push(listener)
  }

  onExit(listener: (reason: ExitReason) => void): void {
    const exit = this.#exit
    if (exit === null) this.#onExit.push(listener)
    else queueMicrotask(() => listener(exit))
  }

  pause(): void {
    this.#paused = true
    this.#reader.pause()
    this.#options.process.stdout.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.#onLine !== null) this.#flow()
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

  end(reason: EndReason): Promise<void> {
    return this.#finish({ kind: 'ended', by: reason }, true)
  }

  /** A limit is broken: no politeness. */
  fail(limit: Extract<ExitReason, { kind: 'limit' }>['limit'], message: string): void {
    void this.#finish({ kind: 'limit', limit, message }, false)
  }

  /** It never answered. */
  giveUp(message: string): void {
    void this.#finish({ kind: 'spawn', message }, false)
  }

  #finish(verdict: ExitReason, polite: boolean): Promise<void> {
    if (this.#exit === null) this.#verdict ??= verdict
    if (this.#ended === null) {
      if (this.#verdict !== null) this.#releasePipes()
      this.#ended = this.#options.endTree(polite).then(() => this.#tellExit(verdict))
    }
    return this.#ended
  }

  /** Closing stdin is the first polite word; reading on lets a child that still writes come to its end. */
  #releasePipes(): void {
    const { stdin, stdout } = this.#options.process
    stdin.end()
    stdout.removeAllListeners('data')
    stdout.resume()
  }

  #writeBytes(line: Buffer): void {
    const { stdin } = this.#options.process
    stdin.cork()
    stdin.write(line)
    stdin.write('\n')
    stdin.uncork()
  }

  #wire(): void {
    const { process: child, stderr } = this.#options
    const ignore = (): void => undefined // a broken pipe is told by the exit
    child.stdin.on('error', ignore)
    child.stdout.on('error', ignore)
    child.stderr.on('error', ignore)
    child.stderr.on('data', (chunk: Buffer) => stderr.write(chunk))
    child.stdin.on('drain', () => {
      if (!this.#drainDue) return
      this.#drainDue = false
      for (const listener of this.#onDrain) listener()
    })
    child.once('exit', (code, signal) => this.#handleExit({ kind: 'exited', code, signal }))
    child.on('error', ignore) // a failed kill; a failed spawn is told before this object exists
    child.stdout.on('data', (chunk: Buffer) => this.#reader.push(chunk))
    child.stdout.pause()
  }

  #flow(): void {
    this.#reader.resume()
    if (!this.#paused) this.#options.process.stdout.resume()
  }

  #handleLine(line: Buffer): void {
    this.answered = true
    if (this.#onLine === null) this.#waiting.push(line)
    else this.#onLine(line)
  }

  /** Lines already in the pipe come before the exit; a paused or absent reader gets none of them. */
  #handleExit(reason: ExitReason): void {
    const { stdout } = this.#options.process
    this.#verdict ??= reason
    const verdict = this.#verdict
    const finish = (): void => {
      clearTimeout(timer)
      stdout.removeListener('end', finish)
      this.#tellExit(verdict)
      this.#ended ??= this.#options.endTree(false)
    }
    const timer = setTimeout(finish, LAST_LINES_MS)
    if (stdout.readableEnded || this.#ended !== null) finish()
    else stdout.once('end', finish)
  }

  #tellExit(fallback: ExitReason): void {
    if (this.#exit !== null) return
    this.#exit = this.#verdict ?? fallback
    const { stdin, stdout } = this.#options.process
    stdin.destroy()
    stdout.destroy()
    for (const listener of this.#onExit.splice(0)) listener(this.#exit)
  }
}
