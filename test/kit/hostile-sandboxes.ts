// The real process adapter on a data folder of its own, with the hostile child as its only package. For tests of sandboxes.
import { createHmac, randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type StdioSpec, stdioSpec } from '@mcphub/api'
import type { CatalogServer } from '../../gateway/src/catalog/catalog.ts'
import type { Packages, PackageState } from '../../gateway/src/packages/packages.ts'
import type { ProcessSandboxConfig } from '../../gateway/src/sandboxes/process/config.ts'
import { createProcessSandboxes } from '../../gateway/src/sandboxes/process/process-sandboxes.ts'
import type { AcquireRequest, Child, ExitReason, Sandboxes } from '../../gateway/src/sandboxes/sandboxes.ts'

const HOSTILE_CHILD = new URL('./hostile-child.ts', import.meta.url).pathname

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: object
  readonly message: string
}

export interface HostileSandboxes {
  readonly sandboxes: Sandboxes
  readonly dataDir: string
  readonly logLines: LogLine[]
  /** what `Packages` says; tests may set it */
  readonly packageState: { current: PackageState; tell(): void }
  acquire(user: string | null, change?: Partial<AcquireRequest>): Promise<Child>
  close(): Promise<void>
}

export interface HostileOptions {
  readonly config?: Partial<ProcessSandboxConfig>
  readonly hostileChild?: string
}

export function makeHostileServer(stdio: Partial<StdioSpec> = {}, name = 'hostile'): CatalogServer {
  const member = stdioSpec.parse({ package: { npm: { name: 'hostile', version: '1.0.0' } }, ...stdio })
  return {
    name,
    prefix: name,
    labels: {},
    spec: {
      type: 'Stdio',
      stdio: member,
      isolation: 'Auto',
      access: 'Everyone',
      userVariables: [],
      tools: { overrides: [], onChange: 'Flag' },
      discovery: 'PerUser',
      protocol: 'Auto',
      verify: [],
      enabled: true,
    },
    configHash: 'one',
    isolation: { mode: 'PerUser', reason: 'test' },
    userVariables: [],
    orgVariables: [],
  }
}

/** A data folder that other uids can pass through, wherever the clone lies. */
export function makeDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'mcphub-box-'))
  chmodSync(dataDir, 0o711)
  return dataDir
}

export async function startHostileSandboxes(dataDir: string, options: HostileOptions = {}): Promise<HostileSandboxes> {
  const folder = join(dataDir, 'packages', 'hostile')
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  copyFileSync(options.hostileChild ?? HOSTILE_CHILD, join(folder, 'hostile-child.ts'))
  const listeners = new Set<() => void>()
  const nodePath = options.config?.nodePath ?? process.execPath
  const packageState: HostileSandboxes['packageState'] = {
    current: { state: 'Ready', command: [nodePath, join(folder, 'hostile-child.ts')], folder },
    tell: () => listeners.forEach((listener) => listener()),
  }
  const packages: Packages = {
    state: () => packageState.current,
    ensure: () => Promise.resolve(packageState.current),
    onChange(listener) {
      const tell = (): void => listener({ allowScripts: [] }, packageState.current)
      listeners.add(tell)
      return () => listeners.delete(tell)
    },
  }
  const logLines: LogLine[] = []
  const log = (level: LogLine['level']) => (fields: object, message: string) =>
    void logLines.push({ level, fields, message })
  const sandboxes = createProcessSandboxes({
    config: { dataDir, hubMark: `test-${randomBytes(6).toString('hex')}`, watchMs: 50, ...options.config, nodePath },
    packages,
    deriveId: (parts) => createHmac('sha256', 'test').update(JSON.stringify(parts)).digest('hex').slice(0, 40),
    log: { info: log('info'), warn: log('warn'), error: log('error') },
  })
  await sandboxes.start()
  return {
    sandboxes,
    dataDir,
    logLines,
    packageState,
    acquire: (user, change = {}) =>
      sandboxes.acquire({
        server: makeHostileServer(),
        owner: { userId: user, username: user, sessionId: null, discovery: false },
        args: ['serve'],
        env: new Map(),
        fingerprint: 'one',
        maxRunningPerUser: null,
        groups: [],
        ...change,
      }),
    async close() {
      await sandboxes.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

export interface Answer {
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** Talks to one child: answers by id, everything else as raw lines. */
export class HostileTalk {
  readonly child: Child
  readonly lines: string[] = []
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #next = 1

  constructor(child: Child) {
    this.child = child
    child.onLine((line) => this.#take(line.toString('utf8')))
    child.onExit((reason) => {
      for (const settle of this.#waiting.values()) settle({ error: { message: `gone: ${reason.kind}` } })
    })
  }

  ask(method: string, params: object = {}): Promise<Answer> {
    const id = this.#next++
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    this.child.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    return answer
  }

  /** The result. @throws when the child answered with an error */
  async get<T>(method: string, params: object = {}): Promise<T> {
    const answer = await this.ask(method, params)
    if (answer.error !== undefined) throw new Error(answer.error.message)
    return answer.result as T
  }

  tell(method: string, params: object = {}): void {
    this.child.write(JSON.stringify({ jsonrpc: '2.0', method, params }))
  }

  #take(line: string): void {
    const answer = parseAnswer(line)
    const settle = this.#waiting.get(answer?.id ?? -1)
    if (answer === null || settle === undefined) {
      this.lines.push(line)
      return
    }
    this.#waiting.delete(answer.id)
    settle(answer)
  }
}

function parseAnswer(line: string): (Answer & { readonly id: number }) | null {
  try {
    const value = JSON.parse(line) as (Answer & { readonly id?: unknown }) | null
    return typeof value?.id === 'number' ? { ...value, id: value.id } : null
  } catch {
    return null
  }
}

export function waitForExit(child: Child): Promise<ExitReason> {
  return new Promise((resolve) => child.onExit(resolve))
}
