// Two Go programs of the checks: a container registry in memory, and BuildKit's own reader of Dockerfiles. Built once, from the Go module proxy.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CACHE } from '../../images/buildah.ts'
import { run } from '../cluster/commands.ts'
import { goEnvironment } from '../cluster/programs.ts'

const SOURCES = join(import.meta.dirname, 'programs')
const BUILT = join(CACHE, 'programs')

/** Go compiles only what changed. */
export async function buildPrograms(): Promise<void> {
  await run(['go', 'build', '-o', `${BUILT}/`, './...'], {
    cwd: SOURCES,
    env: goEnvironment(false),
    timeoutMs: 900_000,
  })
}

/** What BuildKit makes of a Dockerfile for one platform. */
export interface Reading {
  readonly file: string
  readonly platform: string
  readonly error?: string
  readonly warnings: readonly string[]
  readonly bases: readonly { readonly name: string; readonly platform: string }[]
  /** of all steps that run something */
  readonly environments: readonly string[]
  readonly user: string
  readonly entrypoint: readonly string[] | null
}

export async function readDockerfiles(files: readonly string[]): Promise<Reading[]> {
  const lines = (await run([join(BUILT, 'dockerfiles'), ...files])).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as Reading)
}

export interface ContainerRegistry {
  /** `127.0.0.1:port` */
  readonly address: string
  stop(): Promise<void>
}

export async function startContainerRegistry(): Promise<ContainerRegistry> {
  const child = spawn(join(BUILT, 'registry'), { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    address: line,
    stop: async () => {
      // it ends with its input
      child.stdin.end()
      await ended
    },
  }
}
