// The one file where a child process of a stdio server is started. No shell sees its argv: a private root's shells only `exec "$@"`.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { HubError } from '@mcphub/api'
import { buildJail, buildMountTable, type JailInput, serialiseEnvironment } from './jail.ts'
import { MARK_VARIABLE } from './process-tree.ts'
import type { SandboxFolder } from './folders.ts'

/** How children are kept apart here; found out by the probe in separation.ts. */
export type Method =
  | { readonly kind: 'plain' }
  | { readonly kind: 'uid' }
  | { readonly kind: 'jail'; readonly system: readonly string[]; readonly mountPoint: string; readonly devices: string }

export interface ProcessPlan {
  readonly method: Method
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly folder: SandboxFolder
  readonly cwd: string
  readonly readable: readonly string[]
  /** where the description of a private root may lie until the process ended; the hub's alone */
  readonly tablePath: string
  /** null: the hub's own uid */
  readonly uid: number | null
}

interface Start {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly uid: number | null
  readonly extra: string | null
}

function planStart(plan: ProcessPlan): Start {
  const { method, command, env, folder, uid } = plan
  if (method.kind !== 'jail') {
    const [file = '', ...args] = command
    return { file, args, env, cwd: plan.cwd, uid: method.kind === 'uid' ? uid : null, extra: null }
  }
  const jail: JailInput = {
    ...method,
    readable: plan.readable,
    work: folder.work,
    tmp: folder.tmp,
    cwd: plan.cwd,
    uid,
    own: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  }
  writeFileSync(
    plan.tablePath,
    `${buildMountTable(jail)}
`,
    { mode: 0o600 },
  )
  const [file = '', ...args] = buildJail(jail, plan.tablePath, command)
  // the stages that may mount run with nothing a user or manifest could have set (LD_PRELOAD as root would be the host)
  const stageEnv = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', [MARK_VARIABLE]: env[MARK_VARIABLE] ?? '' }
  return { file, args, env: stageEnv, cwd: '/', uid: null, extra: serialiseEnvironment(env) }
}

/** Node puts offending values into its messages: keep the code alone. */
function describeSpawnFault(fault: unknown): string {
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : 'unknown'
  const reasons: Record<string, string> = {
    ENOENT: 'the program does not exist or its folder cannot be reached',
    EACCES: 'the program may not be executed by the uid of the sandbox',
    EPERM: 'the hub may not change to the uid of the sandbox',
    E2BIG: 'arguments and environment are too large together',
    EAGAIN: 'the host has no process or thread left',
    ENOMEM: 'the host has no memory left',
    EMFILE: 'the hub has no file descriptor left',
  }
  return `the process could not be started: ${reasons[code] ?? 'the system refused it'} (${code})`
}

/** Resolves once the process runs. @throws HubError `sandbox_failed`; its message holds no argument and no value */
export function startProcess(plan: ProcessPlan): Promise<ChildProcessWithoutNullStreams> {
  return new Promise((resolve, reject) => {
    const fail = (fault: unknown): void => reject(new HubError('sandbox_failed', describeSpawnFault(fault)))
    try {
      const { file, args, env, cwd, uid, extra } = planStart(plan)
      const child = spawn(file, [...args], {
        cwd,
        env: { ...env },
        detached: true, // a process group of its own: a Ctrl-C at the hub's terminal is not the children's
        stdio: extra === null ? ['pipe', 'pipe', 'pipe'] : ['pipe', 'pipe', 'pipe', 'pipe'],
        ...(uid === null ? {} : { uid, gid: uid }),
      })
      const onError = fail
      child.once('error', onError)
      child.once('spawn', () => {
        child.removeListener('error', onError)
        if (extra !== null) sendEnvironment(child.stdio[3] as Writable, extra)
        resolve(child as ChildProcessWithoutNullStreams)
      })
    } catch (fault) {
      fail(fault)
    }
  })
}

function sendEnvironment(pipe: Writable, text: string): void {
  pipe.on('error', () => undefined) // the process ended before it read; its exit is told
  pipe.end(text)
}
