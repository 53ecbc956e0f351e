// Started by main.ts within the cluster's network: the steps of the bench, one after the other. Writes what was measured as JSON.
import { writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { KubeClient } from '@mcphub/kube'
import { waitUntil } from '../../test/cluster/commands.ts'
import { KUBECONFIG } from '../../test/cluster/settings.ts'
import { percentile } from '../stats.ts'
import { showProgress } from '../suite.ts'
import { readWrites } from './audit.ts'
import { measureCeiling } from './ceiling.ts'
import { readWakes, runChurn, type Churn } from './churn.ts'
import type { Figures, Quantiles } from './figures.ts'
import { startOperator, type RunningOperator } from './operator-process.ts'
import { readReaction } from './reaction.ts'
import { MCP_SANDBOXES, buildSandbox, createServer, forAll, openClient, openGateway, openView } from './sandboxes.ts'
import type { View } from './sandboxes.ts'
import { AWAKE, FIGURES_FILE, OPERATOR, SLEEPING, kubeconfigOf } from './settings.ts'

const HOUR_MS = 3_600_000
const IDLE_SECONDS = 60
/** numbers in the status of a server are written ten seconds late */
const NUMBERS_MS = 15_000
/** longest wait for tens of thousands of writes */
const FILLING_MS = 600_000

type Step<Name extends keyof Figures> = Promise<Figures[Name]>

/** All but the lease, which is one write in two seconds whatever is there. Those that should not be are told. */
async function countWrites(fromMs: number): Promise<number> {
  const writes = (await readWrites(fromMs)).filter(({ user, resource }) => user === OPERATOR && resource !== 'leases')
  const kinds = Map.groupBy(writes, ({ verb, resource, code }) => `${verb} ${resource} ${code}`)
  for (const [kind, { length }] of kinds) showProgress(`  unasked writes: ${length} × ${kind}`)
  return writes.length
}

/** Made when their time is over: the operator looks at each and says so. */
async function makeSleeping(admin: KubeClient, view: View, serverUid: string): Promise<void> {
  const untilMs = Date.now() - HOUR_MS
  await forAll('made asleep', SLEEPING, (index) => admin.create(MCP_SANDBOXES, buildSandbox(index, serverUid, untilMs)))
  await waitUntil('all are asleep', () => view.count('Suspended') >= SLEEPING, FILLING_MS)
}

async function makeAwake(
  gateway: KubeClient,
  view: View,
  { serverUid, operator }: { readonly serverUid: string; readonly operator: RunningOperator },
): Step<'burst'> {
  const began = performance.now()
  const untilMs = Date.now() + 3 * HOUR_MS
  await forAll('made awake', AWAKE, (index) =>
    gateway.create(MCP_SANDBOXES, buildSandbox(SLEEPING + index, serverUid, untilMs)),
  )
  await waitUntil('all are ready', () => view.count('PodReady') >= AWAKE, FILLING_MS)
  return { wakesPerSecond: AWAKE / ((performance.now() - began) / 1000), rss: operator.readMemory().most }
}

async function restart(): Promise<{ operator: RunningOperator; figures: Figures['restart'] }> {
  const fromMs = Date.now()
  const operator = await startOperator('second')
  await operator.waitUntilIdle(FILLING_MS)
  const figures = {
    seconds: (Date.now() - fromMs) / 1000,
    cpuMs: operator.readCpuMs(),
    writes: await countWrites(fromMs),
    rss: operator.readMemory().most,
  }
  return { operator, figures }
}

async function beIdle(operator: RunningOperator): Step<'idle'> {
  const from = { ms: Date.now(), cpuMs: operator.readCpuMs() }
  await wait(IDLE_SECONDS * 1000)
  return { seconds: IDLE_SECONDS, writes: await countWrites(from.ms), cpuMs: operator.readCpuMs() - from.cpuMs }
}

function readChurn(churn: Churn, mostRss: number): Figures['churn'] {
  const { heap, minutes } = churn
  const sum = (of: (minute: Churn['minutes'][number]) => number): number =>
    minutes.reduce((total, minute) => total + of(minute), 0)
  const { latencies, fromStart, ...counted } = readWakes(churn.writes)
  const quantiles = (values: readonly number[]): Quantiles => ({
    p50: percentile(values, 0.5),
    p99: percentile(values, 0.99),
    count: values.length,
  })
  const own = { latency: quantiles(latencies), fromStart: quantiles(fromStart), reaction: readReaction(churn.minutes) }
  return {
    wakes: sum(({ wakes }) => wakes),
    late: sum(({ late }) => late),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    waitedMs: sum(({ waitedMs }) => waitedMs),
    heap,
    rss: churn.mostRss,
    mostRss,
    ...counted,
    ...own,
  }
}

async function measure(load: number): Promise<Figures> {
  const admin = await openClient(KUBECONFIG, 32)
  const gateway = await openGateway()
  const bare = await openClient(kubeconfigOf('operator'))
  const serverUid = await createServer(admin.client)
  const view = await openView(admin.client)
  const first = await startOperator('first')
  await makeSleeping(admin.client, view, serverUid)
  const burst = await makeAwake(gateway.client, view, { serverUid, operator: first })
  await first.waitUntilIdle(FILLING_MS)
  await wait(NUMBERS_MS)
  await first.stop()
  showProgress(`  ${burst.wakesPerSecond.toFixed(0)} wakes a second; the operator starts anew`)
  const { operator, figures } = await restart()
  const idle = await beIdle(operator)
  showProgress(`  ${figures.writes} writes of the second look, ${idle.writes} while nothing happened; churn`)
  const churn = await runChurn(gateway.client, operator)
  const { most } = operator.readMemory()
  const niceness = operator.readNiceness()
  await operator.stop()
  const ceilingPerSecond = await measureCeiling(gateway.client, bare.client)
  await view.stop()
  await Promise.all([admin, gateway, bare].map(({ http }) => http.destroy()))
  return { load, niceness, burst, ceilingPerSecond, restart: figures, idle, churn: readChurn(churn, most) }
}

writeFileSync(FIGURES_FILE, JSON.stringify(await measure(Number(process.argv[2])), null, 2))
process.exit(0)
