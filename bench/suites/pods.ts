// Calls to a stdio server in a pod: what gateway and shim spend on each, against the gateway that has the same server on its own pipes.
import { setTimeout as wait } from 'node:timers/promises'
import { WireClient } from '../client.ts'
import { startClusterGateway, type ClusterTarget } from '../cluster-gateway.ts'
import { toMib } from '../memory.ts'
import { readOwnCpuMs } from '../processes.ts'
import { PLAIN_PLAN, planFor, rotate, ROUNDS, runLoad } from '../rounds.ts'
import { measureShim, type ShimFigures } from '../shim-start.ts'
import { formatRatio, median, ratioOf } from '../stats.ts'
import { atMost, presentTable, showProgress, type Outcome, type Suite } from '../suite.ts'
import { startGateway, waitForPackages, type Target } from '../targets.ts'
import { EVERYTHING } from '../../test/kit/manifests.ts'

/** connections at once → calls of a round */
const LOADS = [
  [1, 3000],
  [8, 6000],
] as const
const WARM_CALLS = 16_000
const WOKEN_MS = 120_000
const TOOL = 'everything__echo'
const SERVER = new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url)
const barOf = (connections: number): string =>
  `CPU per call of gateway and shim against the gateway with pipes, ${connections} at a time`
const FAULTS = 'errors and mismatched answers'
const START = 'shim: start to call home, ms'
const MEMORY = 'shim: private memory idle, MiB'
const SIZE = 'shim: size, MB'

export const PODS: Suite = {
  name: 'pods',
  about:
    'server-everything, one child for all: on the pipes of a gateway on one machine, and behind the real shim on loopback with a gateway in cluster mode (the API server, operator and kubelet are played by the bench). CPU is that of the gateway’s and the shim’s own processes, the child’s is not counted',
  bars: [
    ...LOADS.map(([connections]) => atMost(barOf(connections), 1.8)),
    atMost(FAULTS, 0),
    atMost(START, 30),
    atMost(MEMORY, 12),
    atMost(SIZE, 8),
  ],
  run: runPods,
}

/** Of one call, in µs. */
interface Cost {
  readonly gateway: number
  readonly shim: number
  readonly p50Ms: number
  readonly faults: number
}
type Costs = Readonly<Record<'pipes' | 'pod', readonly Cost[]>>

async function runPods(): Promise<Outcome> {
  const shim = await measureShim()
  const pipes = await startGateway({
    upstreamPort: 0,
    users: 1,
    manifests: { 'everything.yaml': EVERYTHING },
    tool: TOOL,
  })
  await waitForPackages(pipes.hub)
  const stdio = {
    image: `registry.example/everything@sha256:${'0'.repeat(64)}`,
    command: [process.execPath, SERVER.pathname, 'stdio'],
    workdir: '/tmp',
  }
  const spec = { type: 'Stdio', access: 'Everyone', riskLevel: 'Low', stdio }
  const pod = await startClusterGateway({ server: { name: 'everything', spec }, tool: TOOL, users: 1 })
  try {
    for (const target of [pipes, pod]) {
      await wake(target)
      await runLoad({ ...planOf(target, 8), calls: WARM_CALLS }, [])
    }
    return present(await measureRounds(pipes, pod), shim)
  } finally {
    await pipes.stop()
    await pod.stop()
  }
}

async function measureRounds(pipes: Target, pod: ClusterTarget): Promise<ReadonlyMap<number, Costs>> {
  const shim = await pod.findShim()
  const costs = new Map(LOADS.map(([connections]) => [connections, { pipes: [] as Cost[], pod: [] as Cost[] }]))
  const measureOne = async (target: Target, [connections, calls]: (typeof LOADS)[number]): Promise<Cost> => {
    const clocks = [() => readOwnCpuMs(target.pid), () => (target === pod ? readOwnCpuMs(shim) : 0)]
    const { report, spentMs } = await runLoad({ ...planOf(target, connections), calls }, clocks)
    const [gateway, inShim] = spentMs.map((ms) => (ms * 1000) / report.calls) as [number, number]
    return { gateway, shim: inShim, p50Ms: report.p50Ms, faults: report.errors + report.mismatches }
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const load of LOADS) {
      for (const target of rotate([pipes, pod], round)) {
        costs.get(load[0])?.[target === pod ? 'pod' : 'pipes'].push(await measureOne(target, load))
      }
    }
    showProgress(`${PODS.name}: round ${round + 1} of ${ROUNDS}`)
  }
  return costs
}

const planOf = (target: Target, connections: number) => ({
  ...PLAIN_PLAN,
  ...planFor(target, 1),
  connections,
  calls: 0,
})

/** Until a child answers: it is discovered first. */
async function wake(target: Target): Promise<void> {
  const [user] = target.users
  if (!user) throw new Error('a target needs users')
  const client = new WireClient({ ...user, port: target.port, sendToken: false, era: 'legacy' })
  await client.open()
  let said = ''
  for (const end = performance.now() + WOKEN_MS; performance.now() < end; await wait(500)) {
    const params = { name: target.tool, arguments: { message: 'awake' } }
    const { body } = await client.request({ id: 1, method: 'tools/call', params })
    said = body.slice(0, 300)
    if (!body.includes('"content"') || !body.includes('awake')) continue
    await client.end()
    return client.close()
  }
  throw new Error(`${target.name} does not answer: ${said}`)
}

function present(costs: ReadonlyMap<number, Costs>, shim: ShimFigures): Outcome {
  const total = (cost: Cost): number => cost.gateway + cost.shim
  const rows: string[][] = []
  const reached: Record<string, number> = {
    [FAULTS]: 0,
    [START]: shim.startMs,
    [MEMORY]: shim.privateMemory / 2 ** 20,
    [SIZE]: shim.size / 1e6,
  }
  for (const [connections, of] of costs) {
    const ratio = ratioOf(of.pod.map(total), of.pipes.map(total))
    reached[barOf(connections)] = ratio.median
    for (const [name, own] of Object.entries(of)) {
      reached[FAULTS]! += own.reduce((sum, { faults }) => sum + faults, 0)
      const p50 = ratioOf(
        own.map(({ p50Ms }) => p50Ms),
        of.pipes.map(({ p50Ms }) => p50Ms),
      )
      rows.push([
        `${name}, ${connections} at a time`,
        median(own.map(({ gateway }) => gateway)).toFixed(0),
        median(own.map((cost) => cost.shim)).toFixed(0),
        formatRatio(ratioOf(own.map(total), of.pipes.map(total))),
        formatRatio(p50),
      ])
    }
  }
  const head = ['target', 'gateway µs/call', 'shim µs/call', 'CPU ratio', 'p50 ratio']
  const calls = LOADS.map(([connections, count]) => `${count} calls a round ${connections} at a time`).join(', ')
  const alone = `The shim by itself: ${shim.startMs.toFixed(1)} ms from its start to its call home, ${toMib(shim.privateMemory)} MiB of private memory, ${(shim.size / 1e6).toFixed(2)} MB.`
  return { table: [`${calls}.`, '', ...presentTable(head, rows), '', alone], reached }
}
