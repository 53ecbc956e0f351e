// tools/list of many servers: the whole list over the gateway, against a server that sends the same bytes from memory.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { WireClient } from '../client.ts'
import { startTarget } from '../processes.ts'
import { FIGURES, PLAIN_PLAN, planFor, presentSamples, ratioTo, runRounds, sumOf } from '../rounds.ts'
import { atMost, type Outcome, type Suite } from '../suite.ts'
import { startGateway, startPlain, type Target } from '../targets.ts'
import { buildPageRequest, readPage } from '../works.ts'
import { remote } from '../../test/kit/manifests.ts'

const SERVERS = 100
const TOOLS = 50
const LISTS = 150
const USERS = 8
const DISCOVERED_MS = 60_000
const MEMORY = 'memory'
const CPU = 'CPU per list of mcphub against the same bytes from memory'
const FAULTS = 'errors and wrong lists of mcphub'

export const FAN_OUT: Suite = {
  name: 'list-fan-out',
  about: `tools/list of ${SERVERS} servers with ${TOOLS} tools each, all pages, 8 at once, ${LISTS} lists a round; memory is node:http that sends the same bytes`,
  bars: [atMost(CPU, 2), atMost(FAULTS, 0)],
  run: runFanOut,
}

async function runFanOut(): Promise<Outcome> {
  const upstream = await startTarget('./upstream.ts', ['json', 'legacy', String(TOOLS)])
  const names = Array.from({ length: SERVERS }, (_, index) => `server-${String(index).padStart(3, '0')}`)
  const url = `http://127.0.0.1:${upstream.port}/mcp`
  const hub = await startGateway({
    upstreamPort: upstream.port,
    users: USERS,
    manifests: Object.fromEntries(names.map((name) => [`${name}.yaml`, remote(name, url)])),
  })
  const pages = await fetchWhole(hub)
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-pages-'))
  const files = pages.map((page, index) => join(folder, String(index)))
  for (const [index, file] of files.entries()) writeFileSync(file, pages[index] ?? '')
  const memory = await startPlain({ name: MEMORY, script: './targets/memory.ts', args: files, users: USERS })
  const targets = [memory, hub]
  const samples = await runRounds({
    name: FAN_OUT.name,
    targets,
    warmCalls: LISTS,
    plan: (target) => ({
      ...PLAIN_PLAN,
      ...planFor(target, USERS),
      connections: 8,
      work: 'list',
      calls: LISTS,
      listedTools: SERVERS * TOOLS,
    }),
  })
  for (const target of targets) await target.stop()
  upstream.child.kill()
  rmSync(folder, { recursive: true, force: true })
  const bytes = pages.reduce((sum, page) => sum + page.length, 0)
  const size = `${SERVERS * TOOLS} tools in ${pages.length} pages, ${(bytes / 2 ** 20).toFixed(2)} MiB together.`
  return {
    table: [size, '', ...presentSamples(samples, { unit: 'list', base: MEMORY })],
    reached: {
      [CPU]: ratioTo(samples, ['mcphub', MEMORY], FIGURES.cpu).median,
      [FAULTS]: sumOf(samples, 'mcphub', FIGURES.errors) + sumOf(samples, 'mcphub', FIGURES.mismatches),
    },
  }
}

/** The pages as they are sent, once everything is discovered. */
async function fetchWhole(target: Target): Promise<string[]> {
  const [user] = target.users
  if (!user) throw new Error('a target needs users')
  const client = new WireClient({ ...user, port: target.port, sendToken: target.sendToken, era: 'legacy' })
  await client.open()
  for (const end = performance.now() + DISCOVERED_MS; performance.now() < end; await wait(250)) {
    const pages: string[] = []
    for (let cursor: string | undefined; pages.length === 0 || cursor !== undefined;) {
      const answer = await client.request(buildPageRequest(pages.length, cursor))
      pages.push(answer.body)
      cursor = readPage(answer).cursor
    }
    if (pages.join('').split('"inputSchema":').length - 1 === SERVERS * TOOLS) {
      client.close()
      return pages
    }
  }
  throw new Error('the servers were not discovered in time')
}
