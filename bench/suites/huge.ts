// Answers as large as a message may be: their CPU, and what is held of them while clients read slowly.
import { LIMITS } from '@mcphub/api'
import { createProbe, toMib } from '../memory.ts'
import { startTarget } from '../processes.ts'
import { FIGURES, PLAIN_PLAN, planFor, presentSamples, ratioTo, runRounds, sumOf } from '../rounds.ts'
import { measureSlowReaders, READERS, type Stalled } from '../slow-readers.ts'
import { atMost, presentTable, showProgress, type Outcome, type Suite } from '../suite.ts'
import { startGateway, startPlain } from '../targets.ts'

const USERS = 8
const CALLS = 40
/** the rest of the message: its envelope, the token, the text */
const ENVELOPE_BYTES = 4096
const ANSWER_BYTES = LIMITS.upstreamMessageBytes - ENVELOPE_BYTES
const FLOOR = 'node-undici'
const HUB = 'mcphub'
const CPU = `CPU per call of ${HUB} against ${FLOOR}`
const GROWTH = `RSS growth of ${HUB} per call under way to a slow reader, MiB`
const FAULTS = `errors and mismatched answers of ${HUB}`

export const HUGE: Suite = {
  name: 'huge',
  about: `answers of ${(ANSWER_BYTES / 2 ** 20).toFixed(3)} MiB, 4 at once, 2025-11-25, JSON, ${CALLS} calls a round; before that ${READERS} of them at once to clients that read slowly`,
  // a quarter of the answer
  bars: [atMost(CPU, 1.15), atMost(GROWTH, 2), atMost(FAULTS, 0)],
  run: runHuge,
}

async function runHuge(): Promise<Outcome> {
  const upstream = await startTarget('./upstream.ts', ['json', 'legacy'])
  const [floorProbe, hubProbe] = [createProbe(), createProbe()]
  const all = [
    {
      target: await startPlain({
        name: FLOOR,
        script: './targets/pass-through.ts',
        args: [upstream.port],
        users: USERS,
        env: floorProbe.env,
      }),
      probe: floorProbe,
    },
    { target: await startGateway({ upstreamPort: upstream.port, users: USERS, env: hubProbe.env }), probe: hubProbe },
  ]
  const stalled = new Map<string, Stalled>()
  for (const { target, probe } of all) {
    stalled.set(target.name, await measureSlowReaders(target, probe, ANSWER_BYTES))
    showProgress(`${HUGE.name}: slow readers of ${target.name}`)
  }
  const targets = all.map(({ target }) => target)
  const samples = await runRounds({
    name: HUGE.name,
    targets,
    warmCalls: CALLS / 2,
    plan: (target) => ({
      ...PLAIN_PLAN,
      ...planFor(target, USERS),
      connections: 4,
      calls: CALLS,
      answerBytes: ANSWER_BYTES,
    }),
  })
  for (const { target, probe } of all) {
    await target.stop()
    probe.remove()
  }
  upstream.child.kill()
  const reading = presentTable(
    ['target', 'RSS growth MiB/call under way', 'held after collections MiB/call', 'whole answers'],
    [...stalled].map(([name, one]) => [name, toMib(one.rss), toMib(one.held), `${one.whole} of ${READERS}`]),
  )
  const cut = READERS - (stalled.get(HUB)?.whole ?? 0)
  return {
    table: [...presentSamples(samples, { unit: 'call', base: FLOOR }), '', ...reading],
    reached: {
      [CPU]: ratioTo(samples, [HUB, FLOOR], FIGURES.cpu).median,
      [GROWTH]: (stalled.get(HUB)?.rss ?? Number.NaN) / 2 ** 20,
      [FAULTS]: sumOf(samples, HUB, FIGURES.errors) + sumOf(samples, HUB, FIGURES.mismatches) + cut,
    },
  }
}
