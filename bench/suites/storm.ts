// A storm of sessions: opened, listed and ended as fast as they go, against the upstream itself.
import { startTarget } from '../processes.ts'
import { FIGURES, PLAIN_PLAN, planFor, presentSamples, ratioTo, runRounds, sumOf } from '../rounds.ts'
import { atLeast, atMost, type Outcome, type Suite } from '../suite.ts'
import { startGateway, startPlain } from '../targets.ts'

/** each connection has a user of its own; with the sessions of all rounds none of them reaches what it may open in a minute */
const USERS = 100
const SESSIONS = 1500
const DIRECT = 'direct'
const RATE = 'sessions per second of mcphub against direct'
const FAULTS = 'errors of mcphub'

export const STORM: Suite = {
  name: 'storm',
  about: `initialize, initialized, tools/list and DELETE again and again, 32 at once, ${USERS} users, ${SESSIONS} sessions a round; direct is the upstream with nothing in front`,
  bars: [atLeast(RATE, 0.8), atMost(FAULTS, 0)],
  run: runStorm,
}

async function runStorm(): Promise<Outcome> {
  const upstream = await startTarget('./upstream.ts', ['json', 'legacy'])
  const targets = [
    await startPlain({ name: DIRECT, script: './upstream.ts', args: ['json', 'legacy'], users: USERS }),
    await startPlain({ name: 'node-undici', script: './targets/pass-through.ts', args: [upstream.port], users: USERS }),
    await startGateway({ upstreamPort: upstream.port, users: USERS }),
  ]
  const samples = await runRounds({
    name: STORM.name,
    targets,
    warmCalls: SESSIONS,
    plan: (target) => ({ ...PLAIN_PLAN, ...planFor(target, USERS), work: 'session', calls: SESSIONS }),
  })
  for (const target of targets) await target.stop()
  upstream.child.kill()
  return {
    table: presentSamples(samples, { unit: 'session', base: DIRECT }),
    reached: {
      [RATE]: ratioTo(samples, ['mcphub', DIRECT], FIGURES.rate).median,
      [FAULTS]: sumOf(samples, 'mcphub', FIGURES.errors),
    },
  }
}
