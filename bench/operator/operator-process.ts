// The operator as its image runs it: bundled, with the flags of Dockerfile.operator, one process. Its memory, time and metrics.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { waitUntil } from '../../test/cluster/commands.ts'
import { readCpuMs } from '../processes.ts'
import type { Held } from '../probe.ts'
import { FOLDER, HUB, SANDBOXES, kubeconfigOf } from './settings.ts'

const METRICS_PORT = 18_080
const HELD = join(FOLDER, 'held.json')
const ANSWER_MS = 60_000
/** In a cluster it shares no core with etcd, API server and scheduler, which here take both: it goes first, so that its own time is measured and not its waiting. */
const FIRST = ['/usr/bin/nice', '-n', '-10']

/** name and labels as in the text → value */
export type Metrics = ReadonlyMap<string, number>

/** In bytes. */
export interface Heap {
  /** buffers outside of the heap included */
  readonly objects: number
  /** what V8 compiled */
  readonly code: number
}

export interface RunningOperator {
  readonly pid: number
  readNiceness(): number
  /** after a whole collection */
  measureHeap(): Promise<Heap>
  /** now, and the most since its start; in bytes */
  readMemory(): { readonly rss: number; readonly most: number }
  readCpuMs(): number
  /** how long its main thread could have run and had no core */
  readWaitedMs(): number
  readMetrics(): Promise<Metrics>
  /** Nothing waits and nothing is worked on, twice in a row. */
  waitUntilIdle(timeoutMs: number): Promise<void>
  stop(): Promise<void>
}

/** Resolves when it leads. `name` is of its log. */
export async function startOperator(name: string): Promise<RunningOperator> {
  const log = openSync(join(FOLDER, `${name}.log`), 'a')
  const command = [
    ...FIRST,
    process.execPath,
    '--import',
    writeProbe(),
    ...flagsOfImage(),
    join(FOLDER, 'app/main.mjs'),
  ]
  const child = spawn(command[0]!, command.slice(1), {
    env: environmentOf(name),
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  process.once('exit', () => child.kill('SIGKILL'))
  const pid = child.pid!
  const operator: RunningOperator = {
    pid,
    readNiceness: () => getPriority(pid),
    measureHeap: () => measureHeap(pid),
    readMemory: () => readMemory(pid),
    readCpuMs: () => readCpuMs(pid),
    readWaitedMs: () => Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6,
    readMetrics,
    waitUntilIdle: (timeoutMs) => waitUntilIdle(child, timeoutMs),
    stop: () => stop(child),
  }
  await waitUntil('the operator leads', async () => (await readMetrics()).get('leader_election_master_status') === 1)
  return operator
}

/** Plain JavaScript: what strips types would stay in the measured process. */
function writeProbe(): string {
  const probe = join(FOLDER, 'probe.mjs')
  const source = readFileSync(new URL('../probe.ts', import.meta.url), 'utf8')
  writeFileSync(probe, transformSync(source, { loader: 'ts' }).code)
  return probe
}

/** Between `node` and the program. */
function flagsOfImage(): string[] {
  const file = readFileSync(new URL('../../Dockerfile.operator', import.meta.url), 'utf8')
  const entry = /^ENTRYPOINT (\[.*\])$/m.exec(file)?.[1]
  if (entry === undefined) throw new Error('Dockerfile.operator has no ENTRYPOINT in JSON')
  return (JSON.parse(entry) as string[]).slice(1, -1)
}

/** Its own alone: nothing of this machine's environment tells in its figures. */
const environmentOf = (name: string): Record<string, string> => ({
  NODE_ENV: 'production',
  BENCH_PROBE: HELD,
  KUBECONFIG: kubeconfigOf('operator'),
  MCPHUB_NAMESPACE: HUB,
  MCPHUB_SANDBOX_NAMESPACE: SANDBOXES,
  MCPHUB_INSTANCE: HUB,
  MCPHUB_POD_NAME: name,
  MCPHUB_CALL_HOME_URL: `https://mcphub-internal.${HUB}.svc:8443/internal/call-home`,
  MCPHUB_CALL_HOME_IP: '10.96.0.20',
  MCPHUB_NODE_IMAGE: 'localhost/mcphub-sandbox-node:dev',
  MCPHUB_PYTHON_IMAGE: 'localhost/mcphub-sandbox-python:dev',
  MCPHUB_SHIM_IMAGE: 'localhost/mcphub-shim:dev',
  MCPHUB_HEALTH_PORT: '18081',
  MCPHUB_METRICS_PORT: String(METRICS_PORT),
})

async function measureHeap(pid: number): Promise<Heap> {
  writeFileSync(HELD, '')
  process.kill(pid, 'SIGUSR2')
  await waitUntil('the operator says what it holds', () => readFileSync(HELD, 'utf8') !== '', ANSWER_MS)
  const { liveHeap, code, buffers } = JSON.parse(readFileSync(HELD, 'utf8')) as Held
  return { objects: liveHeap - code + buffers, code }
}

function readMemory(pid: number): { rss: number; most: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1')
  const bytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024
  return { rss: bytes('VmRSS'), most: bytes('VmHWM') }
}

async function readMetrics(): Promise<Metrics> {
  const text = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

async function waitUntilIdle(child: ChildProcess, timeoutMs: number): Promise<void> {
  let before = ''
  const isIdle = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`the operator ended with ${child.exitCode}`)
    const metrics = await readMetrics()
    const busy = ['workqueue_depth{name="mcp-sandbox"}', 'controller_runtime_active_workers{controller="mcp-sandbox"}']
    const done = [...metrics].filter(([name]) =>
      name.startsWith('controller_runtime_reconcile_total{controller="mcp-s'),
    )
    const now = JSON.stringify(done)
    const same = now === before
    before = now
    await new Promise((resolve) => setTimeout(resolve, 2000))
    return same && busy.every((name) => metrics.get(name) === 0)
  }
  await waitUntil('the operator has nothing to do', isIdle, timeoutMs)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  const kill = setTimeout(() => child.kill('SIGKILL'), 20_000)
  child.kill('SIGTERM')
  await ended
  clearTimeout(kill)
}
