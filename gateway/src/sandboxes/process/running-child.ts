// One life of a sandbox: folder, uid, process, record on disk; and its complete end. The pool above decides when; this file does it.
import { setTimeout as sleep } from 'node:timers/promises'
import { HubError } from '@mcphub/api'
import type { AcquireRequest } from '../sandboxes.ts'
import type { ProcessSandboxConfig, SandboxLimits, SandboxLog } from './config.ts'
import { buildArguments, buildEnvironment, listSecrets, resolveWorkdir } from './environment.ts'
import { type FolderPaths, makeInnerFolder, makeTempFolder, openKeptFolder, type SandboxFolder } from './folders.ts'
import type { SandboxIdentity } from './identity.ts'
import { ProcessChild } from './process-child.ts'
import type { ProcessEntry, ProcessTable } from './process-table.ts'
import { killTree, MARK_VARIABLE, signalTree, type TreeRoots } from './process-tree.ts'
import { removeRecord, tablePath, writeRecord } from './records.ts'
import { removeFolder } from './remove-folder.ts'
import { type Method, startProcess } from './start-process.ts'
import type { StderrRing } from './stderr-ring.ts'
import type { Uids } from './uids.ts'

export interface Host {
  readonly config: ProcessSandboxConfig
  readonly limits: SandboxLimits
  readonly paths: FolderPaths
  readonly table: ProcessTable
  readonly method: Method
  readonly uids: Uids | null
  readonly log: SandboxLog
  readonly newIncarnation: () => string
  readonly now: () => number
  /** children alive now */
  readonly running: Set<RunningChild>
  /** uid → lives that use it, from before their start to the end of their processes: isolated sessions and draining children share one */
  readonly livesOf: Map<number, number>
}

export interface RunningChild {
  readonly child: ProcessChild
  readonly incarnation: string
  readonly startedAt: number
  readonly uid: number | null
  readonly roots: TreeRoots
  memoryBytes: number | null
  /** resolves when the tree, the record and a temporary folder are gone */
  readonly gone: Promise<void>
}

export interface StartInput {
  readonly identity: SandboxIdentity
  readonly request: AcquireRequest
  readonly packageFolder: string
  readonly command: readonly string[]
  readonly stderr: StderrRing
}

function allocateUid(host: Host, identity: SandboxIdentity): number | null {
  if (host.uids === null) return null
  const uid = host.uids.allocate(identity.user, identity.server)
  if (uid === null)
    throw new HubError('sandbox_failed', 'no uid is left in the range for sandboxes; delete unused users')
  return uid
}

interface OpenFolder {
  readonly folder: SandboxFolder
  /** the folder the child starts in */
  readonly cwd: string
}

function openFolder(
  host: Host,
  { identity, request }: StartInput,
  incarnation: string,
  uid: number | null,
): OpenFolder {
  const stdio = request.server.spec.stdio
  const keep = stdio?.persistence.mode === 'Retain' && !request.owner.discovery
  const folder = keep
    ? openKeptFolder(host.paths, { user: identity.user, server: identity.server, uid })
    : makeTempFolder(host.paths, incarnation, uid)
  const cwd = resolveWorkdir(stdio?.workdir, folder.work)
  if (cwd === null) throw new HubError('sandbox_failed', 'stdio.workdir must lie inside ${WORKDIR} on one machine')
  if (folder.isNew) makeInnerFolder(folder, cwd, uid)
  return { folder, cwd }
}

/**
 * Which processes belong to this life: those with its mark, and all of its uid once no other life uses that. A mark says no more than that: a
 * child may write any into the environment of what it starts, also another's, so none keeps a process of the uid from its end.
 */
function createClaim(host: Host, mark: string, uid: number | null): (entry: ProcessEntry) => boolean {
  const own = process.getuid?.()
  return (entry) => {
    if (entry.uid !== (uid ?? own) || entry.pid === process.pid) return false
    if (host.table.readVariable(entry.pid, MARK_VARIABLE) === mark) return true
    return uid !== null && (host.livesOf.get(uid) ?? 0) <= 1
  }
}

function countLife(host: Host, uid: number | null, change: 1 | -1): void {
  if (uid === null) return
  const lives = (host.livesOf.get(uid) ?? 0) + change
  if (lives > 0) host.livesOf.set(uid, lives)
  else host.livesOf.delete(uid)
}

async function waitForExit(child: ProcessChild, exited: Promise<void>, ms: number): Promise<void> {
  if (child.pid === null) return
  const timer = new AbortController()
  await Promise.race([exited, sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined)])
  timer.abort()
}

/** Starts one life. @throws HubError */
export async function startRunningChild(host: Host, input: StartInput): Promise<RunningChild> {
  const { request, identity, stderr } = input
  const { config, limits, table } = host
  const incarnation = host.newIncarnation()
  const mark = `${config.hubMark}:${incarnation}`
  const uid = allocateUid(host, identity)
  const { folder, cwd } = openFolder(host, input, incarnation, uid)
  stderr.redact(listSecrets(request.args, request.env))
  let started: Awaited<ReturnType<typeof startProcess>>
  countLife(host, uid, 1)
  try {
    const env = buildEnvironment({ nodePath: config.nodePath, folders: folder, mark, given: request.env })
    started = await startProcess({
      method: host.method,
      command: [...input.command, ...buildArguments(request.args, folder.work)],
      env,
      folder,
      cwd,
      tablePath: tablePath(host.paths.run, incarnation),
      readable: [config.nodePath.slice(0, config.nodePath.lastIndexOf('/')), input.packageFolder],
      uid,
    })
  } catch (fault) {
    countLife(host, uid, -1)
    await tidy(host, incarnation, folder)
    throw fault
  }
  const pid = started.pid ?? -1
  const startTime = table.find(pid)?.startTime ?? 'gone'
  writeRecord(host.paths.run, { incarnation, hubMark: config.hubMark, bootId: table.bootId, pid, startTime, uid })
  const exited = new Promise<void>((resolve) => started.once('exit', () => resolve()))
  const roots: TreeRoots = { known: [{ pid, startTime }], belongs: createClaim(host, mark, uid) }
  let tellGone = (): void => undefined
  const gone = new Promise<void>((resolve) => (tellGone = resolve))

  const endTree = async (polite: boolean): Promise<void> => {
    if (polite) {
      await waitForExit(child, exited, limits.graceMs)
      if (signalTree(table, roots, 'SIGTERM') > 0) await waitForExit(child, exited, limits.graceMs)
    }
    const { left } = await killTree(table, roots)
    countLife(host, uid, -1)
    // of two that end together each may have taken the uid's nameless processes for the other's
    if (uid !== null)
      await killTree(table, { known: [], belongs: (entry) => entry.uid === uid && !host.livesOf.has(uid) })
    if (left > 0)
      host.log.error(
        { server: request.server.name, sandbox: identity.id, left },
        'processes of a sandbox withstand SIGKILL',
      )
    else await tidy(host, incarnation, folder)
    host.running.delete(running)
    tellGone()
  }
  const child = new ProcessChild({
    process: started,
    sandboxId: identity.id,
    incarnation,
    fingerprint: request.fingerprint,
    stderr,
    lineBytes: limits.lineBytes,
    bufferBytes: limits.bufferBytes,
    inputBytes: limits.bufferBytes + 2 * limits.lineBytes,
    now: host.now,
    endTree,
  })
  const running: RunningChild = { child, incarnation, startedAt: host.now(), uid, roots, memoryBytes: null, gone }
  host.running.add(running)
  return running
}

async function tidy(host: Host, incarnation: string, folder: SandboxFolder): Promise<void> {
  try {
    if (!folder.kept) await removeFolder(folder.path)
    removeRecord(host.paths.run, incarnation)
  } catch (fault) {
    // the next start of the hub tries again; the record's pid is gone, so it harms nobody
    host.log.warn({ fault: fault instanceof Error ? fault.name : 'unknown' }, 'a sandbox folder could not be removed')
  }
}
