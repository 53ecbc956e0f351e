// How long the hub takes for what the console asks. Measured where it is asked: whatever the hub took is in it, and the loopback's little more.
import type { LargeCompany } from '../../test/kit/large-company.ts'
import { listReads, type Read } from '../../test/kit/large-reads.ts'
import { givePassword } from '../../test/browser/kit/person.ts'
import { percentile } from '../stats.ts'
import { atMost, presentTable, showProgress, type Outcome } from '../suite.ts'

export const ANSWERS_BAR = atMost('p95 of the slowest question, in ms', 300)

const TIMES = 100
/** not counted: what is read the first time, and compiled */
const WARM_UP = 5

interface Measured extends Read {
  readonly bytes: number
  readonly p50: number
  readonly p95: number
  readonly longest: number
}

export async function measureAnswers(company: LargeCompany): Promise<Outcome> {
  const { hub, admin } = company
  const cookie = (await givePassword(hub, admin)).map((one) => one.split(';', 1)[0]).join('; ')
  const measured: Measured[] = []
  for (const read of listReads(company)) {
    measured.push(await measureOne(read, hub.url, cookie))
    showProgress(`${read.name}: ${measured.at(-1)!.p95.toFixed(1)} ms`)
  }
  const slowestFirst = measured.toSorted((a, b) => b.p95 - a.p95)
  const rows = slowestFirst.map(({ name, bytes, p50, p95, longest }) => [
    name,
    String(bytes),
    ...[p50, p95, longest].map((ms) => ms.toFixed(1)),
  ])
  return {
    table: presentTable(['question', 'bytes', 'p50 ms', 'p95 ms', 'longest ms'], rows),
    reached: { [ANSWERS_BAR.what]: slowestFirst[0]!.p95 },
  }
}

async function measureOne(read: Read, url: string, cookie: string): Promise<Measured> {
  const times: number[] = []
  let bytes = 0
  for (let time = -WARM_UP; time < TIMES; time++) {
    const from = performance.now()
    const answer = await fetch(url + read.path, { headers: { cookie, 'sec-fetch-site': 'same-origin' } })
    bytes = (await answer.arrayBuffer()).byteLength
    if (time >= 0) times.push(performance.now() - from)
    if (answer.status !== read.status) throw new Error(`${read.name}: ${answer.status} instead of ${read.status}`)
  }
  return { ...read, bytes, p50: percentile(times, 0.5), p95: percentile(times, 0.95), longest: Math.max(...times) }
}
