// The load generator: its own process, raw sockets. Reads a LoadPlan as JSON on argv[2], prints a LoadReport as JSON. What it does is in works.ts.
import { WireClient } from './client.ts'
import { percentile } from './stats.ts'
import { createWork, type Tally } from './works.ts'

export interface LoadPlan {
  readonly port: number
  /** one connection per entry at a time, round robin over users */
  readonly users: readonly { readonly path: string; readonly token: string }[]
  readonly connections: number
  /** pieces of work: calls, or sessions, or whole lists */
  readonly calls: number
  /** calls a second over all connections; null = as fast as answers come */
  readonly rate: number | null
  readonly work: 'call' | 'session' | 'list'
  readonly tool: string
  /** mixed: the first half of the connections 2025-11-25, the other 2026-07-28 */
  readonly era: 'legacy' | 'modern' | 'mixed'
  /** sent to the floor and the SDK proxy, which have no users; the gateway sets the header itself */
  readonly sendToken: boolean
  /** of the answer's text beyond the nonce */
  readonly answerBytes: number
  /** every so many calls of a connection one with progress; 0 = none */
  readonly progressEvery: number
  /** what a whole list must hold */
  readonly listedTools: number
}

export interface LoadReport extends Readonly<Tally> {
  readonly calls: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

async function openClient(plan: LoadPlan, index: number): Promise<WireClient> {
  const user = plan.users[index % plan.users.length]
  if (!user) throw new Error('a plan needs users')
  const mixed = index * 2 < plan.connections ? 'legacy' : 'modern'
  const era = plan.era === 'mixed' ? mixed : plan.era
  const client = new WireClient({ ...user, port: plan.port, sendToken: plan.sendToken, era })
  if (plan.work !== 'session') await client.open()
  return client
}

async function until(due: number): Promise<void> {
  const ms = due - performance.now()
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
}

async function run(plan: LoadPlan): Promise<LoadReport> {
  const clients = await Promise.all(Array.from({ length: plan.connections }, (_, index) => openClient(plan, index)))
  const tally: Tally = { errors: 0, mismatches: 0, lostProgress: 0 }
  const work = createWork(plan, tally)
  const latencies: number[] = []
  let sent = 0

  async function workOnce(client: WireClient, id: number): Promise<void> {
    const from = performance.now()
    await work(client, id)
    latencies.push(performance.now() - from)
  }

  const warm = Math.min(plan.calls >> 2, 500)
  await Promise.all(
    clients.map(async (client) => {
      for (let n = 0; n * clients.length < warm; n++) await workOnce(client, n)
    }),
  )
  latencies.length = 0
  process.stdout.write('warm\n')
  await new Promise((resolve) => process.stdin.once('data', resolve))
  const from = performance.now()
  await Promise.all(
    clients.map(async (client, index) => {
      // ids start at 0 in every session, so that they collide
      for (let id = 0; sent < plan.calls; id++) {
        sent++
        if (plan.rate !== null) await until(from + ((id * clients.length + index) * 1000) / plan.rate)
        await workOnce(client, id)
      }
    }),
  )
  const seconds = (performance.now() - from) / 1000
  for (const client of clients) client.close()
  return { ...tally, calls: sent, seconds, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) }
}

const plan = process.argv[2]
if (plan !== undefined && import.meta.main) {
  const report = await run(JSON.parse(plan) as LoadPlan)
  process.stdout.write(`${JSON.stringify(report)}\n`)
  process.exit(0)
}
