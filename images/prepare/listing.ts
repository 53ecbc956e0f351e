// Starts a stdio server, asks what it offers, and lets it end: what a prepared package must answer as the plain one does.
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export interface Start {
  /** the program, then its arguments */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

type Child = ChildProcessByStdio<Writable, Readable, null>

/** Of one request, and of the end after stdin was closed. */
const ANSWER_MS = 20_000
const END_MS = 5000
const CLIENT = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'mcphub-prepare', version: '1.0.0' },
}
const LISTS = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
}

interface Answer {
  readonly id?: number | string
  readonly method?: string
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly code: number }
}

class Session {
  readonly #child: Child
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly #ended = Promise.withResolvers<never>()
  #lastId = 0

  constructor({ command, env, cwd }: Start) {
    const [program = '', ...args] = command
    this.#child = spawn(program, args, { env: { ...env }, cwd, stdio: ['pipe', 'pipe', 'ignore'] })
    this.#child.stdin.on('error', () => {})
    this.#child.once('error', (fault) => this.#ended.reject(fault))
    this.#child.once('exit', (code) => this.#ended.reject(new Error(`the server ended with ${code}`)))
    this.#ended.promise.catch(() => {})
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#read(line))
  }

  #read(line: string): void {
    let message: Answer
    try {
      message = JSON.parse(line) as Answer
    } catch {
      return // many a server prints a greeting
    }
    if (typeof message.id !== 'number' || message.method !== undefined) return
    this.#waiting.get(message.id)?.(message)
    this.#waiting.delete(message.id)
  }

  #send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }

  /** @throws Error when the server ended or did not answer in time */
  async request(method: string, params: object): Promise<Answer> {
    const id = ++this.#lastId
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error(`${method} was not answered in time`)), ANSWER_MS)
    this.#send({ id, method, params })
    try {
      return await Promise.race([answered, this.#ended.promise, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  notify(method: string): void {
    this.#send({ method })
  }

  /** By itself when it can: Node writes its compile cache at the end. */
  async end(): Promise<void> {
    const ended = this.#ended.promise.catch(() => {})
    const timer = setTimeout(() => this.#child.kill('SIGTERM'), END_MS)
    const last = setTimeout(() => this.#child.kill('SIGKILL'), END_MS * 2)
    this.#child.stdin.end()
    await ended
    clearTimeout(timer)
    clearTimeout(last)
  }
}

/** What it says of itself and everything it lists, as one text. @throws Error when it does not start */
export async function readListing(start: Start): Promise<string> {
  const session = new Session(start)
  try {
    const opened = await session.request('initialize', CLIENT)
    session.notify('notifications/initialized')
    const listed: Record<string, unknown> = { initialize: opened.result }
    for (const [name, method] of Object.entries(LISTS)) {
      const { result, error } = await session.request(method, {})
      listed[name] = error ? error.code : result
    }
    return JSON.stringify(listed)
  } finally {
    await session.end()
  }
}
