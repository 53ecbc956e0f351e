// Runs programs: once, with their output, or inside a node's network. `nsenter`, not `ip netns exec`: that one hides the cgroup mounts.
import { execFile } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import type { ClusterNode } from './settings.ts'
import { NODE1 } from './settings.ts'

export interface RunOptions {
  readonly input?: string
  readonly timeoutMs?: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** A program ended with something else than 0, or not in time. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly stderr: string
  constructor(command: string, stderr: string, cause: unknown) {
    super(`${command}: ${stderr.trim() || String(cause)}`, { cause })
    this.stderr = stderr
  }
}

/** What the program printed. @throws CommandError with what it said on stderr */
export function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const [file = '', ...args] = command
  const child = execFile(
    file,
    args,
    {
      maxBuffer: 256 * 1024 * 1024,
      timeout: options.timeoutMs ?? 120_000,
      env: options.env ?? process.env,
      ...(options.cwd && { cwd: options.cwd }),
    },
    (error, stdout, stderr) =>
      error ? reject(new CommandError(command.slice(0, 6).join(' '), stderr, error)) : resolve(stdout),
  )
  // a program that ends before it has read its input breaks the pipe; its exit code tells why
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  return promise
}

/** The same, when a failure says only that there is nothing to do. */
export const attempt = (command: readonly string[], options?: RunOptions): Promise<string> =>
  run(command, options).catch(() => '')

/** The command as it must be started to run in a node's network. Harmless where it is already there. */
export const inNetwork = (command: readonly string[], node: ClusterNode = NODE1): string[] => [
  'nsenter',
  `--net=/run/netns/${node.network}`,
  ...command,
]

/** Asks again until the check neither throws nor says false. @throws with the last reason when it never did */
export async function waitUntil(
  what: string,
  check: () => boolean | Promise<unknown>,
  timeoutMs = 60_000,
): Promise<void> {
  const end = performance.now() + timeoutMs
  for (;;) {
    let reason: unknown = 'no'
    try {
      if ((await check()) !== false) return
    } catch (error) {
      reason = error
    }
    if (performance.now() > end) throw new Error(`not within ${timeoutMs / 1000} s: ${what} (${String(reason)})`)
    await wait(100)
  }
}
