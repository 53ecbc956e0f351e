// Child processes of a bench run: started with a port on their first line, measured by their CPU, ended at the end.
import { fork, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Linux counts process time in ticks of 10 ms (USER_HZ). */
const TICK_MS = 10

export interface Started {
  readonly child: ChildProcess
  readonly port: number
}

const running = new Set<ChildProcess>()

export function startScript(path: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const child = fork(new URL(path, import.meta.url).pathname, [...args], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

export function stopAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

export function nextLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the child has no stdout')
  const lines = createInterface({ input: child.stdout })
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      lines.close()
      resolve(line)
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}

export async function startTarget(
  path: string,
  args: readonly string[],
  env?: Record<string, string>,
): Promise<Started> {
  const child = startScript(path, args, env)
  const { port } = JSON.parse(await nextLine(child)) as { port: number }
  return { child, port }
}

function childrenOf(pid: number): number[] {
  const found: number[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'latin1'))?.[1]) === pid)
        found.push(Number(name))
    } catch {
      // it ended between the two reads: it has used no more time
    }
  }
  return found
}

/** A process and everything below it. */
export const treeOf = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(treeOf)]

/** User and system time of a process and its threads, in milliseconds. */
export function readOwnCpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** The same of a process and everything below it. */
export const readCpuMs = (pid: number): number =>
  childrenOf(pid).reduce((sum, child) => sum + readCpuMs(child), readOwnCpuMs(pid))
