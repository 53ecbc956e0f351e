// What the load generator does again and again, and how it judges each answer: its id, the token of the user it belongs to, its progress in order.
import type { WireClient } from './client.ts'
import type { LoadPlan } from './load.ts'
import type { WireAnswer } from '../test/kit/wire.ts'

/** Of all connections together. */
export interface Tally {
  errors: number
  mismatches: number
  /** progress that never came, or came twice, out of order, or after the result */
  lostProgress: number
}

/** One piece of work; its parts are timed by the caller. */
export type Work = (client: WireClient, id: number) => Promise<void>

interface Rpc {
  readonly id?: unknown
  readonly method?: string
  readonly params?: { readonly progressToken?: unknown; readonly progress?: unknown; readonly message?: unknown }
  readonly result?: { readonly content?: readonly { readonly text?: string }[]; readonly tools?: readonly unknown[] }
}

export const PROGRESS_STEPS = 4
const SHOWN_FAULTS = 3

export function createWork(plan: LoadPlan, tally: Tally): Work {
  if (plan.work === 'session') return createSessionWork(tally)
  if (plan.work === 'list') return createListWork(plan, tally)
  return createCallWork(plan, tally)
}

function noteError(tally: Tally, answer: WireAnswer): void {
  tally.errors++
  if (tally.errors <= SHOWN_FAULTS) process.stderr.write(`${answer.status} ${answer.body.slice(0, 300)}\n`)
}

function readMessages(answer: WireAnswer): Rpc[] {
  if (answer.body.startsWith('{')) return [JSON.parse(answer.body) as Rpc]
  return [...answer.body.matchAll(/^data: ?(\{.*)$/gm)].map(([, json]) => JSON.parse(json ?? 'null') as Rpc)
}

function createCallWork(plan: LoadPlan, tally: Tally): Work {
  const { answerBytes: bytes, progressEvery, tool: name } = plan
  return async (client, id) => {
    const mark = `${client.options.token}|n${id};`
    const steps = progressEvery > 0 && id % progressEvery === 0 ? PROGRESS_STEPS : 0
    const args = { text: `n${id};`, message: mark, bytes, steps }
    const progress = steps > 0 ? { progressToken: id } : {}
    const rpc = { id, method: 'tools/call', params: { name, arguments: args }, name, ...progress }
    const answer = await client.request(rpc)
    const messages = readMessages(answer)
    const at = messages.findIndex(({ result }) => result !== undefined)
    const text = messages[at]?.result?.content?.[0]?.text
    if (answer.status !== 200 || text === undefined) return noteError(tally, answer)
    if (messages[at]?.id !== id || !text.includes(mark)) tally.mismatches++
    judgeProgress(messages.slice(0, at), { id, mark, steps }, tally)
    tally.lostProgress += messages.length - at - 1
  }
}

/** What came before the result must be this call's own progress, each step once, in order. */
function judgeProgress(
  before: readonly Rpc[],
  { id, mark, steps }: { readonly id: number; readonly mark: string; readonly steps: number },
  tally: Tally,
): void {
  let next = 1
  for (const { method, params } of before) {
    if (method !== 'notifications/progress' || params?.progressToken !== id || params.message !== mark)
      tally.mismatches++
    else if (params.progress === next) next++
    else tally.lostProgress++
  }
  tally.lostProgress += steps + 1 - next
}

/** Opens a session, lists, ends it. */
function createSessionWork(tally: Tally): Work {
  return async (client) => {
    await client.open()
    const listed = await client.request({ id: 1, method: 'tools/list' })
    if (listed.status !== 200 || readMessages(listed)[0]?.result?.tools === undefined) noteError(tally, listed)
    const ended = await client.end()
    if (ended.status !== 200) noteError(tally, ended)
  }
}

/** One whole list, page by page. The first is parsed and counted; the others must be the same but for their cursors. */
function createListWork(plan: LoadPlan, tally: Tally): Work {
  const seen: string[] = []
  return async (client) => {
    let cursor: string | undefined
    for (let page = 0; page === 0 || cursor !== undefined; page++) {
      const answer = await client.request(buildPageRequest(page, cursor))
      const read = readPage(answer)
      cursor = read.cursor
      seen[page] ??= read.rest
      if (answer.status !== 200) return noteError(tally, answer)
      if (seen[page] !== read.rest) tally.mismatches++
    }
    if (countTools(seen) !== plan.listedTools) tally.mismatches++
  }
}

export const buildPageRequest = (page: number, cursor: string | undefined) => ({
  id: page,
  method: 'tools/list',
  params: cursor === undefined ? {} : { cursor },
})

export function readPage({ body }: WireAnswer): { readonly rest: string; readonly cursor: string | undefined } {
  const found = /"nextCursor":"([^"]+)"/.exec(body.slice(-2000))
  return { rest: found ? body.replace(found[0], '') : body, cursor: found?.[1] }
}

function countTools(pages: readonly string[]): number {
  return pages.reduce((sum, page) => sum + page.split('"inputSchema":').length - 1, 0)
}
