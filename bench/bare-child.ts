// A stdio server driven over its pipes by nobody but the bench: what a hub's sandbox is compared with.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export class BareChild {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #waiting = new Map<number, (line: string) => void>()
  #lastId = 0

  constructor(node: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}) {
    const env = { PATH: process.env['PATH'], ...extra }
    this.#child = spawn(node, [...args], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const { id } = JSON.parse(line) as { id?: number }
      if (id === undefined) return
      this.#waiting.get(id)?.(line)
      this.#waiting.delete(id)
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async initialize(): Promise<void> {
    const clientInfo = { name: 'bare', version: '1.0.0' }
    await this.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo })
    this.#child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
  }

  /** initialize, initialized, tools/list. @throws Error when it lists nothing */
  async open(): Promise<void> {
    await this.initialize()
    const listed = await this.request('tools/list', {})
    if (!listed.includes('"inputSchema"')) throw new Error(`tools/list: ${listed.slice(0, 300)}`)
  }

  /** The answer's line. */
  request(method: string, params: object): Promise<string> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    })
  }

  /** Lets it end by itself, as a server does when its client goes. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    await ended
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}
