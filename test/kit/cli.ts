// The real command line as a child process, with an empty home and none of this machine's settings.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '../..')
const NODE = path.join(ROOT, 'node_modules/.bin/node')
const MAIN = path.join(ROOT, 'cli/src/main.ts')

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly stdin?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

export class CliHome {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'mcphub-cli-'))
  readonly credentialsFile = path.join(this.folder, 'config/mcphub/credentials.json')
  readonly #env: Readonly<Record<string, string>>

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.#env = env
  }

  /** The environment holds what is named here and PATH alone. */
  spawn(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return spawn(NODE, [MAIN, ...args], {
      cwd: this.folder,
      env: {
        NODE_COMPILE_CACHE: path.join(ROOT, 'node_modules/.cache/mcphub-cli'),
        PATH: process.env['PATH'] ?? '',
        HOME: this.folder,
        XDG_CONFIG_HOME: path.join(this.folder, 'config'),
        ...this.#env,
        ...env,
      },
    })
  }

  run(args: readonly string[], { stdin = '', env = {}, timeoutMs = 25_000 }: CliOptions = {}): Promise<CliResult> {
    const child = this.spawn(args, env)
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    // a command that fails early does not read its input
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => {
        clearTimeout(timer)
        resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
      })
    })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
