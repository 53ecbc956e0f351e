// Story 8, for longer: sandboxes are created, woken, left idle and deleted while gateways, operators, pods and children are killed at random and the
// leading operator is paused for a minute. CYCLES=1000 makes it long (`make soak`); CYCLES_SEED chooses the same kills again.
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../generative/random.ts'
import { waitUntil } from '../../cluster/commands.ts'
import { readWritesOf } from '../kit/audit.ts'
import { addWorker, Cycles, planKills } from '../kit/cycles.ts'
import type { Worker } from '../kit/cycles.ts'
import { pause, pidsOfPod } from '../kit/faults.ts'
import { percentile, recordFigure } from '../kit/figures.ts'
import { context, waitForTools } from '../kit/hub.ts'
import { apply, conditionOf, gatewayPods, inHub, operatorPods, readLeader, remove } from '../kit/kube.ts'
import { Ledger } from '../kit/ledger.ts'
import { Outcomes } from '../kit/outcomes.ts'
import { personalServer } from '../kit/servers.ts'

const CYCLES = Number(process.env['CYCLES'] ?? 100)
const SEED = Number(process.env['CYCLES_SEED'] ?? Date.now() % 1_000_000_000)
const WORKERS = 6
const PAUSE_MS = 60_000
/** the lease is over after 15 s, and the other looks every two; but it may have been killed itself */
const TAKE_OVER_MS = 55_000
/** Kubernetes and the operator both look for what has lost its owner; a killed operator is away for some seconds */
const ALONE_MS = 30_000

/** of a pod that was told to go while it started, its grace is half a minute; of all others some seconds */
const LONGEST_END_MS = 45_000

const SERVERS = ['cycles-one', 'cycles-two', 'cycles-pool']
const env = [
  { name: 'SERVER_SECRET', value: '${USER_STORY_SECRET}' },
  { name: 'SERVER_TOKEN', value: '${USER_STORY_TOKEN}' },
]

const workers: Worker[] = []
const outcomes = new Outcomes()
let ledger: Ledger
let cycles: Cycles

beforeAll(async () => {
  ledger = await Ledger.start(SERVERS)
  await apply(
    ...SERVERS.map((name) =>
      personalServer(name, {
        // one start for all of them: what is listed is no person's
        spec: { discovery: 'Shared' },
        stdio: { env, idleTimeoutSeconds: 1, ...(name.endsWith('pool') && { warmPool: { replicas: 1 } }) },
      }),
    ),
  )
  workers.push(await addWorker('cycles-0'))
  for (const server of SERVERS) await waitForTools(workers[0]!.person, server)
  for (let n = 1; n < WORKERS; n++) workers.push(await addWorker(`cycles-${n}`))
  cycles = new Cycles({ ledger, outcomes, servers: SERVERS, random: new Random(SEED + 1) })
})
afterAll(async () => {
  for (const { editors } of workers) for (const editor of editors) await editor.close().catch(() => {})
  await remove('mcpserver', ...SERVERS)
  await ledger?.stop()
})

/** Also of the program before, which has ended. */
async function readLogs(pod: string): Promise<string> {
  const logs = [inHub('logs', pod), inHub('logs', pod, '--previous')]
  return (await Promise.all(logs.map((log) => log.catch(() => '')))).join('\n')
}

/** Stopped, not ended; then it goes on. @returns its name, when the other led, and when it went on */
async function pauseLeader(): Promise<{ name: string; takenOverMs: number; resumedAt: number }> {
  const name = await readLeader()
  const pod = (await operatorPods()).find(({ metadata }) => metadata.name === name)
  // who is dead writes nothing either
  cycles.spared.add(name)
  const pids = pidsOfPod(pod?.metadata.uid ?? '')
  const began = performance.now()
  const resume = pause(pids)
  try {
    await waitUntil('another leads', async () => ![name, ''].includes(await readLeader()), TAKE_OVER_MS)
    const takenOverMs = performance.now() - began
    await wait(PAUSE_MS - takenOverMs)
    expect(pidsOfPod(pod?.metadata.uid ?? '')).toEqual(pids)
    return { name, takenOverMs, resumedAt: Date.now() }
  } finally {
    resume()
  }
}

async function runCycles(): Promise<void> {
  const plan = planKills(CYCLES, new Random(SEED))
  let next = 0
  const work = async (worker: Worker): Promise<void> => {
    for (let cycle = next++; cycle < CYCLES; cycle = next++) await cycles.run(worker, plan.get(cycle))
  }
  await Promise.all(workers.map(work))
}

test(
  `${CYCLES} cycles with random kills and a paused leader: no orphan, no duplicate, no foreign byte (seed ${SEED})`,
  { timeout: 180_000 + CYCLES * 4000 },
  async () => {
    console.log(`cycles: seed ${SEED}`)
    const began = performance.now()
    const paused = context.own ? pauseLeader() : null
    const told = paused?.then(({ name }) =>
      waitUntil(
        'it says that it lost the lead',
        async () => (await readLogs(name)).includes('"lost the lead"'),
        60_000,
      ),
    )
    // whichever fails first is told, and nothing is left stopped
    const ran = runCycles().then(() => performance.now() - began)
    const [ms, leader] = await Promise.all([ran, paused, told])
    for (const [victim, count] of cycles.kills)
      recordFigure({ name: `cycles: ${victim} killed`, value: count, unit: '' })
    for (const [reason, count] of outcomes.failed)
      recordFigure({ name: `cycles: calls that failed once, ${reason}`, value: count, unit: '' })
    recordFigure({ name: 'cycles: done', value: CYCLES, unit: '' })
    recordFigure({ name: 'cycles per second, kills and the pause included', value: (CYCLES * 1000) / ms, unit: '/s' })
    recordFigure({ name: 'cycles: calls answered', value: outcomes.answered, unit: '' })
    recordFigure({ name: 'cycles: first answer, p50', value: percentile(cycles.wakes, 0.5), unit: 'ms' })
    recordFigure({ name: 'cycles: first answer, p95', value: percentile(cycles.wakes, 0.95), unit: 'ms' })
    expect(outcomes.unnamed).toEqual([])
    expect(cycles.wrong).toEqual([])
    if (leader) {
      recordFigure({ name: 'cycles: another leads after a pause', value: leader.takenOverMs, unit: 'ms' })
      expect((await readWritesOf(leader.name, 0)).length).toBeGreaterThan(0)
      const written = await readWritesOf(leader.name, leader.resumedAt)
      // until it has the lease again, which it may
      const own = written.indexOf('patch leases')
      expect(own === -1 ? written : written.slice(0, own)).toEqual([])
    }
  },
)

test('nothing of them is left once the servers are gone', { timeout: 120_000 }, async () => {
  await remove('mcpserver', ...SERVERS)
  await ledger.until('no sandbox and no pod is left', () => ledger.count() === 0, 90_000)
})

test('no pod was without a sandbox, no sandbox had two, and the watches tell all of it', () => {
  const orphans = ledger.orphans(ALONE_MS)
  recordFigure({ name: 'cycles: orphans', value: orphans.length, unit: '', bar: '0' })
  recordFigure({ name: 'cycles: duplicate pods', value: ledger.duplicates.length, unit: '', bar: '0' })
  recordFigure({ name: 'cycles: pods', value: ledger.pods.size, unit: '' })
  expect(ledger.faults).toEqual([])
  expect(ledger.pods.size).toBeGreaterThanOrEqual(CYCLES)
  expect(orphans).toEqual([])
  expect(ledger.duplicates).toEqual([])
})

test('pods that are to go go', () => {
  const times = ledger.goingTimes().toSorted((a, b) => b.ms - a.ms)
  recordFigure({
    name: 'cycles: end of a pod, p50',
    value: percentile(
      times.map(({ ms }) => ms),
      0.5,
    ),
    unit: 'ms',
  })
  recordFigure({ name: 'cycles: end of a pod, longest', value: times[0]?.ms ?? 0, unit: 'ms' })
  expect(times.filter(({ ms }) => ms > LONGEST_END_MS)).toEqual([])
})

test('no byte of one person reached another', () => {
  const foreign = outcomes.findForeignBytes(workers)
  recordFigure({ name: 'cycles: cross-user answers', value: foreign.length, unit: '', bar: '0' })
  expect(foreign).toEqual([])
})

test('the hub is whole again', async () => {
  const areReady = (pods: Awaited<ReturnType<typeof gatewayPods>>): boolean =>
    pods.filter((pod) => conditionOf(pod, 'Ready')?.status === 'True').length === 2
  await waitUntil('both gateways are ready', async () => areReady(await gatewayPods()), 120_000)
  await waitUntil('both operators are ready', async () => areReady(await operatorPods()), 120_000)
})
