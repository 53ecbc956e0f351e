// Runs the blocks of guides as one person at one terminal: in a folder of their own, where the project's charts lie, what a block sets is known to the next.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { run } from '../../cluster/commands.ts'
import { ROOT } from '../settings.ts'

const TIMEOUT_MS = 180_000
const KNOWN = '.known'

export class GuideShell {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mcphub-guides-'))
  readonly #background: ChildProcess[] = []
  readonly #env: NodeJS.ProcessEnv

  /** @param env beyond this process's own */
  constructor(env: Readonly<Record<string, string>>) {
    this.#env = { ...process.env, ...env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` }
    symlinkSync(join(ROOT, 'charts'), join(this.#folder, 'charts'))
    writeFileSync(join(this.#folder, KNOWN), '')
  }

  save(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text)
  }

  /** What it printed. @throws CommandError with what it said on stderr */
  run(text: string): Promise<string> {
    const script = `. ./${KNOWN}\nset -a\n${text}\n{ export -p; declare -f; } > ${KNOWN}`
    const options = { cwd: this.#folder, env: this.#env, timeoutMs: TIMEOUT_MS }
    // without --norc bash takes a socket on stdin for a remote shell's
    return run(['bash', '--norc', '-euo', 'pipefail', '-c', script], options)
  }

  /** Runs on until `stop`; resolves with the first line it prints. @throws when it ends before */
  async start(text: string): Promise<string> {
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    const child = spawn('bash', ['--norc', '-euc', `exec ${text}`], {
      cwd: this.#folder,
      env: this.#env,
      stdio: [...stdio],
    })
    this.#background.push(child)
    const lines = createInterface({ input: child.stdout! })
    const ended = once(child, 'close').then(([code]): never => {
      throw new Error(`It ended with ${String(code)}: ${text}`)
    })
    const [line] = await Promise.race([once(lines, 'line'), ended])
    ended.catch(() => {})
    return String(line)
  }

  async stopBackground(): Promise<void> {
    for (const child of this.#background.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'close')
      child.kill()
      await ended
    }
  }

  async close(): Promise<void> {
    await this.stopBackground()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
