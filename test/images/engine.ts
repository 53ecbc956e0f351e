// A container engine for tests: Debian's docker.io, in a network namespace of its own without a way out, with state of its own. Ends without a trace.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, run, waitUntil } from '../cluster/commands.ts'

const NETWORK = 'mcphub-engine'

export interface Engine {
  /** what DOCKER_HOST must be */
  readonly host: string
  /** as a command must be started to reach what the engine's containers publish */
  within(command: readonly string[]): string[]
  stop(): Promise<void>
}

/** Null: one can be started. */
export function whyNoEngine(): string | null {
  if (process.getuid?.() !== 0) return 'needs root'
  const programs = ['/usr/sbin/dockerd', '/usr/bin/buildah']
  const missing = programs.filter((program) => !existsSync(program))
  return missing.length === 0 ? null : `needs ${missing.join(', ')} (Debian: docker.io, buildah)`
}

const within = (command: readonly string[]): string[] => ['nsenter', `--net=/run/netns/${NETWORK}`, ...command]

async function layNetwork(): Promise<void> {
  // of a run that was killed
  await attempt(['ip', 'netns', 'delete', NETWORK])
  await run(['ip', 'netns', 'add', NETWORK])
  await run(within(['ip', 'link', 'set', 'lo', 'up']))
}

function startDaemon(state: string, host: string): ChildProcess {
  const log = openSync(join(state, 'log'), 'a')
  const folders = ['--data-root', join(state, 'data'), '--exec-root', join(state, 'run')]
  const command = within(['dockerd', ...folders, '--pidfile', join(state, 'pid'), '-H', host, '--log-level', 'warn'])
  const [file = '', ...args] = command
  return spawn(file, args, { stdio: ['ignore', log, log] })
}

/** dockerd leaves the mount of a network namespace of its own. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const points = mounts.map((line) => line.split(' ')[1] ?? '').filter((point) => point.startsWith(`${folder}/`))
  for (const point of points.reverse()) await attempt(['umount', '--lazy', point])
}

/** Sockets' paths are short; the state lies where overlay mounts work. */
export async function startEngine(): Promise<Engine> {
  const state = mkdtempSync('/var/lib/mcphub-engine-')
  const host = `unix://${state}/sock`
  await layNetwork()
  const daemon = startDaemon(state, host)
  const ended = new Promise((resolve) => daemon.once('exit', resolve))
  const stop = async (): Promise<void> => {
    // it ends its containers and its own containerd
    daemon.kill('SIGTERM')
    await ended
    await attempt(['ip', 'netns', 'delete', NETWORK])
    await unmountBelow(state)
    rmSync(state, { recursive: true, force: true })
  }
  try {
    await waitUntil('the engine answers', () => {
      if (daemon.exitCode !== null) throw new Error(readFileSync(join(state, 'log'), 'utf8').slice(-2000))
      return run(['docker', '-H', host, 'version'])
    })
  } catch (fault) {
    await stop()
    throw fault
  }
  return { host, within, stop }
}
