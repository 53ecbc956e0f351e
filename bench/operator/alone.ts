// The first half of `make bench-operator`: the same operator, sandboxes and churn, with an API server in memory, in a process and on a core of its own.
// On two cores that etcd, API server, scheduler and kwok fill, main.ts measures the wait for a core as much as the operator; this is the operator.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { bundle } from '../../images/bundle.ts'
import { waitUntil } from '../../test/cluster/commands.ts'
import { atMost, presentBar, presentTable, showProgress } from '../suite.ts'
import { countMinute, startPace, type Minute } from './churn.ts'
import { slopeOf } from './figures.ts'
import { startOperator, type Heap, type RunningOperator } from './operator-process.ts'
import { presentShares, readReaction } from './reaction.ts'
import { MCP_SANDBOXES, buildSandbox, createServer, forAll, openClient, openView } from './sandboxes.ts'
import { AWAKE, FOLDER, MINUTES, RATE, RESTLESS, SLEEPING, kubeconfigOf } from './settings.ts'

const HOUR_MS = 3_600_000
const FILLING_MS = 300_000
/** until each of them has been awake and slept once */
const WARM_MS = (RESTLESS / RATE) * 1000 + 20_000
const MIB = 1024 * 1024

const BARS = [
  atMost(
    `reconcile latency in ms, p99 at ${RATE} wakes a second (event → write at its socket; the bound of a histogram)`,
    50,
  ),
  atMost(
    `heap slope in MiB over ${MINUTES} minutes of churn, what V8 compiles apart (0; a look at it is exact to 0.5)`,
    0.5,
  ),
  atMost('CPU in ms per wake, its sleep included', 10),
] as const

interface Measured {
  readonly load: number
  readonly minutes: readonly Minute[]
  readonly heap: readonly Heap[]
}

async function startServer(): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(process.execPath, [join(import.meta.dirname, 'alone-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.once('exit', () => server.kill('SIGKILL'))
  const [url] = (await once(createInterface({ input: server.stdout! }), 'line')) as [string]
  return { server, url }
}

async function writeKubeconfig(url: string): Promise<string> {
  const file = kubeconfigOf('operator')
  const named = (kind: string, value: object): object[] => [{ name: 'bench', [kind]: value }]
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    clusters: named('cluster', { server: url }),
    users: named('user', { token: 'bench' }),
    contexts: named('context', { cluster: 'bench', user: 'bench' }),
  }
  await writeFile(file, JSON.stringify(config))
  return file
}

async function churn(
  operator: RunningOperator,
  client: Parameters<typeof startPace>[0],
): Promise<Omit<Measured, 'load'>> {
  const pace = startPace(client)
  await wait(WARM_MS)
  const minutes: Minute[] = []
  const heap = [await operator.measureHeap()]
  for (let minute = 1; minute <= MINUTES; minute++) {
    minutes.push(await countMinute(pace, operator))
    heap.push(await operator.measureHeap())
    showProgress(`  minute ${minute} of ${MINUTES}`)
  }
  await pace.stop()
  return { minutes, heap }
}

async function measure(): Promise<Measured> {
  const load = loadavg()[0] ?? 0
  await rm(FOLDER, { recursive: true, force: true })
  await mkdir(FOLDER, { recursive: true, mode: 0o700 })
  await bundle('operator', FOLDER)
  const { server, url } = await startServer()
  const { client, http } = await openClient(await writeKubeconfig(url), 32)
  const operator = await startOperator('alone')
  try {
    const serverUid = await createServer(client)
    const view = await openView(client)
    const make = (index: number, untilMs: number) =>
      client.create(MCP_SANDBOXES, buildSandbox(index, serverUid, untilMs))
    await forAll('made asleep', SLEEPING, (index) => make(index, Date.now() - HOUR_MS))
    await forAll('made awake', AWAKE, (index) => make(SLEEPING + index, Date.now() + HOUR_MS))
    await waitUntil('all are ready', () => view.count('PodReady') >= AWAKE, FILLING_MS)
    await waitUntil('all others are asleep', () => view.count('Suspended') >= SLEEPING, FILLING_MS)
    await view.stop()
    await operator.waitUntilIdle(FILLING_MS)
    return { load, ...(await churn(operator, client)) }
  } finally {
    await operator.stop()
    await http.destroy()
    server.kill()
    await rm(FOLDER, { recursive: true, force: true })
  }
}

function present({ load, minutes, heap }: Measured): string {
  const wakes = minutes.reduce((sum, minute) => sum + minute.wakes, 0)
  const perWake = (of: (minute: Minute) => number): number =>
    minutes.reduce((sum, minute) => sum + of(minute), 0) / wakes
  const reaction = readReaction(minutes)
  const slope = slopeOf(heap.map(({ objects }) => objects)) / MIB
  const reached = [reaction.p99 ?? Infinity, slope, perWake(({ cpuMs }) => cpuMs)]
  const mib = (of: keyof Heap): string => `${heap.map((look) => (look[of] / MIB).toFixed(1)).join(' · ')} MiB`
  const rows = [
    [`wakes; late ones`, `${wakes}; ${minutes.reduce((sum, { late }) => sum + late, 0)}`],
    ["a wake's event → the pod's write at its socket, no longer than", presentShares(reaction)],
    ['waited for a core, per wake', `${perWake(({ waitedMs }) => waitedMs).toFixed(2)} ms`],
    ['live objects after each minute', mib('objects')],
    ['V8’s code after each minute', mib('code')],
  ]
  return `# Bench of the operator, with a core of its own

Written by \`make bench-operator\`. The same operator, ${SLEEPING} McpSandboxes asleep, ${AWAKE} awake and churn as in [RESULTS-OPERATOR.md](RESULTS-OPERATOR.md), with an API server in memory in a process of its own, which answers
within a millisecond: what is left is the operator's own time. It says nothing of an API server's.

Machine: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}; load average at the start ${load.toFixed(1)}.

${BARS.map((bar, at) => presentBar(bar, { [bar.what]: reached[at]! })).join('\n')}

${presentTable(['what', 'figure'], rows).join('\n')}
`
}

const text = present(await measure())
process.stdout.write(`\n${text}\n`)
if (['SLEEPING', 'AWAKE', 'MINUTES', 'RATE'].every((name) => process.env[name] === undefined))
  await writeFile(new URL('../RESULTS-OPERATOR-ALONE.md', import.meta.url), text)
