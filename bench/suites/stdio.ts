// A stdio server per user through the hub's process sandboxes, against the same server over bare pipes: processes, memory, CPU, start.
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { BareChild } from '../bare-child.ts'
import { WireClient } from '../client.ts'
import { createProbe, readPss, toMib, type Probe } from '../memory.ts'
import { readCpuMs, treeOf } from '../processes.ts'
import { measure, PLAIN_PLAN, planFor, ROUNDS } from '../rounds.ts'
import { formatRatio, median, ratioOf } from '../stats.ts'
import { atMost, presentTable, showProgress, type Outcome, type Suite } from '../suite.ts'
import { startGateway, waitForPackages, type GatewayTarget } from '../targets.ts'
import { EVERYTHING } from '../../test/kit/manifests.ts'

const USERS = 6
const WARM_CALLS = 2400
const CALLS = 3000
const ENDED_MS = 20_000
const PROCESSES = 'extra processes per user, less the first one of a namespace'
const PSS = 'extra PSS per user, MiB'
const CPU = 'CPU per call of everything but the driver against bare pipes'
const FAULTS = 'errors and mismatched answers of mcphub'
const SERVER = new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url)
/** a value of the user in its environment: so nobody shares a child */
const MANIFEST = `${EVERYTHING.replace('  riskLevel: Low\n', '')}    env:\n      - name: BENCH_TOKEN\n        value: \${USER_BENCH_TOKEN}\n`

export const STDIO: Suite = {
  name: 'stdio',
  about: `server-everything, a child for each of ${USERS} users, through the hub and over bare pipes; one call at a time for each user, ${CALLS} calls a round. Extra is what the hub's whole process tree grows by per user, less a bare child`,
  bars: [atMost(PROCESSES, 0), atMost(PSS, 2), atMost(CPU, 2.5), atMost(FAULTS, 0)],
  run: runStdio,
}

/** Of one user, but for the faults. */
interface Cost {
  readonly startMs: number
  readonly processes: number
  readonly pss: number
  /** of it: the gateway's own process */
  readonly hubPss: number
  readonly cpuUs: number
  readonly faults: number
}

async function runStdio(): Promise<Outcome> {
  const probe = createProbe()
  const hub = await startGateway({
    upstreamPort: 0,
    users: USERS,
    manifests: { 'everything.yaml': MANIFEST },
    tool: 'everything__echo',
    env: probe.env,
  })
  const node = join(hub.hub.dataDir, 'runtime', 'node')
  const separation = hub.hub.ready?.separation.kind ?? 'unknown'
  await waitForPackages(hub.hub)
  const costs = { bare: [] as Cost[], mcphub: [] as Cost[] }
  // the first round only warms: files are read, code is compiled
  for (let round = 0; round <= ROUNDS; round++) {
    const bare = await measureBare(node)
    const through = await measureHub(hub, probe)
    if (round > 0) {
      costs.bare.push(bare)
      costs.mcphub.push(through)
    }
    showProgress(`${STDIO.name}: round ${round} of ${ROUNDS}`)
  }
  await hub.stop()
  probe.remove()
  return present(costs, separation)
}

async function measureBare(node: string): Promise<Cost> {
  const children: BareChild[] = []
  const starts: number[] = []
  for (let n = 0; n < USERS; n++) {
    const from = performance.now()
    const child = new BareChild(node, [SERVER.pathname, 'stdio'])
    children.push(child)
    await child.open()
    starts.push(performance.now() - from)
  }
  await callBare(children, WARM_CALLS)
  const before = sumOf(children, ({ pid }) => readCpuMs(pid))
  await callBare(children, CALLS)
  const cpuMs = sumOf(children, ({ pid }) => readCpuMs(pid)) - before
  const cost = {
    startMs: median(starts),
    processes: sumOf(children, ({ pid }) => treeOf(pid).length) / USERS,
    pss: sumOf(children, ({ pid }) => readPss(pid)) / USERS,
    hubPss: 0,
    cpuUs: (cpuMs * 1000) / CALLS,
    faults: 0,
  }
  for (const child of children) child.end()
  return cost
}

const sumOf = <T>(items: readonly T[], figure: (item: T) => number): number =>
  items.reduce((sum, item) => sum + figure(item), 0)

async function callBare(children: readonly BareChild[], calls: number): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      for (let n = 0; n * children.length < calls; n++) {
        const answer = await child.request('tools/call', { name: 'echo', arguments: { message: `n${n};` } })
        if (!answer.includes(`n${n};`)) throw new Error(`a wrong answer: ${answer.slice(0, 300)}`)
      }
    }),
  )
}

async function measureHub(hub: GatewayTarget, probe: Probe): Promise<Cost> {
  await probe.ask(hub.pid)
  const before = readTree(hub.pid)
  const starts: number[] = []
  const clients: WireClient[] = []
  for (const user of hub.users) {
    const from = performance.now()
    const client = new WireClient({ ...user, port: hub.port, sendToken: false, era: 'legacy' })
    clients.push(client)
    await client.open()
    // the list may be known from an earlier child; the call is answered by this one
    const listed = await client.request({ id: 1, method: 'tools/list' })
    const params = { name: hub.tool, arguments: { message: 'first' } }
    const called = await client.request({ id: 2, method: 'tools/call', params })
    if (!listed.body.includes(hub.tool) || !called.body.includes('first'))
      throw new Error(`no answer of the child: ${listed.body.slice(0, 300)} ${called.body.slice(0, 300)}`)
    starts.push(performance.now() - from)
    client.close()
  }
  const plan = { ...PLAIN_PLAN, ...planFor(hub, USERS), connections: USERS, calls: CALLS }
  await measure(hub, { ...plan, calls: WARM_CALLS })
  const { cpuUs, report } = await measure(hub, plan)
  await probe.ask(hub.pid)
  const after = readTree(hub.pid)
  for (const client of clients) {
    await client.end()
    client.close()
  }
  await stopSandboxes(hub)
  return {
    startMs: median(starts),
    processes: (after.processes - before.processes) / USERS,
    pss: (after.pss - before.pss) / USERS,
    hubPss: (after.ownPss - before.ownPss) / USERS,
    cpuUs,
    faults: report.errors + report.mismatches,
  }
}

function readTree(pid: number): { readonly processes: number; readonly pss: number; readonly ownPss: number } {
  const all = treeOf(pid)
  return { processes: all.length, pss: sumOf(all, readPss), ownPss: readPss(pid) }
}

/** The next round starts them anew. */
async function stopSandboxes({ hub, pid }: GatewayTarget): Promise<void> {
  const { items } = await hub.request<{ items: readonly { readonly id: string }[] }>('GET', '/api/admin/sandboxes')
  for (const { id } of items) await hub.request('DELETE', `/api/sandboxes/${encodeURIComponent(id)}`)
  for (const end = performance.now() + ENDED_MS; performance.now() < end; await wait(100)) {
    const left = await hub.request<{ items: readonly object[] }>('GET', '/api/admin/sandboxes')
    if (left.items.length === 0) return
  }
  throw new Error(`sandboxes of ${pid} did not end in time`)
}

function present(costs: Readonly<Record<'bare' | 'mcphub', readonly Cost[]>>, separation: string): Outcome {
  const pick = (name: 'bare' | 'mcphub', what: keyof Cost): number[] => costs[name].map((cost) => cost[what])
  const of = (name: 'bare' | 'mcphub', what: keyof Cost): number => median(pick(name, what))
  const ratio = (what: keyof Cost) => ratioOf(pick('mcphub', what), pick('bare', what))
  const faults = sumOf(costs.mcphub, (cost) => cost.faults)
  const row = (name: 'bare' | 'mcphub'): string[] => [
    name,
    of(name, 'startMs').toFixed(0),
    formatRatio(ratioOf(pick(name, 'startMs'), pick('bare', 'startMs'))),
    of(name, 'processes').toFixed(1),
    toMib(of(name, 'pss')),
    toMib(of(name, 'hubPss')),
    of(name, 'cpuUs').toFixed(0),
    formatRatio(ratioOf(pick(name, 'cpuUs'), pick('bare', 'cpuUs'))),
    String(name === 'bare' ? 0 : faults),
  ]
  const head = [
    'target',
    'start to tools/list and a call ms',
    'start ratio',
    'processes/user',
    'PSS MiB/user',
    "of it the hub's own",
    'CPU µs/call',
    'CPU ratio',
    'errors and mismatches',
  ]
  return {
    table: [`Separation of this hub: ${separation}.`, '', ...presentTable(head, [row('bare'), row('mcphub')])],
    reached: {
      [PROCESSES]: of('mcphub', 'processes') - of('bare', 'processes') - (separation === 'Namespaces' ? 1 : 0),
      [PSS]: (of('mcphub', 'pss') - of('bare', 'pss')) / 2 ** 20,
      [CPU]: ratio('cpuUs').median,
      [FAULTS]: faults,
    },
  }
}
