// Rows of the pairing matrix: what a server asks the person at the other end in the middle of a call. Before 2026-07-28 it sends a request, since
// then its answer says what it wants to know and the client calls again.
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject, Loose, Reply } from '../kit/raw-client.ts'
import { LEGACY_UPS, SESSIONS, type Cell, type Down, type Feature, type Outcome, type Rule } from './matrix.ts'
import { QUESTIONS, type Question } from './surface.ts'

const ANSWERS: Readonly<Record<Question, JsonObject>> = {
  sample: { role: 'assistant', content: { type: 'text', text: 'Something.' }, model: 'm', stopReason: 'endTurn' },
  elicit: { action: 'accept', content: { name: 'Ada' } },
  'elicit-url': { action: 'accept' },
  roots: { roots: [{ uri: 'file:///home/ada', name: 'home' }] },
}

/** Sends what makes the server ask; the client answers as a person would. `asked` is what it was asked. */
async function converse(
  { client, down }: Cell,
  method: string,
  params: JsonObject,
): Promise<{ reply: Reply; asked: Loose[]; states: string[] }> {
  const asked: Loose[] = []
  const states: string[] = []
  const answer = (request: { method: string; params?: Loose }): JsonObject => {
    asked.push(request)
    const known = (Object.keys(QUESTIONS) as Question[]).find(
      (name) =>
        QUESTIONS[name].method === request.method && (name !== 'elicit-url') === (request.params?.mode !== 'url'),
    )
    return ANSWERS[known ?? 'roots']
  }
  for (const one of Object.values(QUESTIONS)) {
    client.answers.set(one.method, (said) => answer({ method: one.method, params: said }))
  }
  let reply = await client.request(method, params)
  for (let round = 0; down === '2026-07-28' && reply.result?.resultType === 'input_required' && round < 4; round++) {
    const wanted = (reply.result.inputRequests ?? {}) as Record<string, { method: string; params?: Loose }>
    const inputResponses = Object.fromEntries(Object.entries(wanted).map(([key, one]) => [key, answer(one)]))
    const { requestState } = reply.result
    if (requestState !== undefined) states.push(requestState as string)
    reply = await client.request(method, { ...params, inputResponses, ...(requestState && { requestState }) })
  }
  return { reply, asked, states }
}

const callAsking = (cell: Cell, tool: string) => converse(cell, 'tools/call', { name: tool, arguments: {} })

/** Prompts and resources may ask too. @param textOf where the answer is found again */
const during =
  (method: string, params: JsonObject, textOf: (result: Loose) => string): Feature['exchange'] =>
  async (cell) => {
    const { reply, asked } = await converse(cell, method, params)
    if (reply.error !== undefined) return `client: ${reply.error.code}`
    const isAsked = asked.length === 1 && isQuestion(asked[0].params, 'elicit', cell.down)
    return isAsked && textOf(reply.result).includes('Ada') ? 'passes' : 'none: it is not what was said'
  }

/** A tool tells with what it was refused; a modern server refuses the call itself. */
function readOutcome(
  { down }: Cell,
  { reply, asked }: { reply: Reply; asked: readonly Loose[] },
  questions: readonly Question[],
): Outcome {
  if (reply.error !== undefined) return `client: ${reply.error.code}`
  const told = [JSON.parse(reply.result.content[0].text)].flat() as Loose[]
  const refused = told.find((one) => one.fault !== undefined)
  if (refused !== undefined) return `server: ${refused.fault}`
  const isAsked = questions.every((name, n) => isQuestion(asked[n]?.params, name, down))
  const isAnswered = questions.every((name, n) => isSame(told[n], ANSWERS[name]))
  return isAsked && isAnswered ? 'passes' : `none: it is not what was said: ${JSON.stringify({ asked, told })}`
}

/** What the client was asked, in the form of its revision: 2026-07-28 has no `elicitationId`, older clients need one. */
function isQuestion(got: Loose, name: Question, down: Down): boolean {
  const { elicitationId, ...said } = QUESTIONS[name].params as JsonObject
  const hasId = typeof got?.elicitationId === 'string'
  return isSame(got ?? {}, said) && hasId === (elicitationId !== undefined && down !== '2026-07-28')
}

/** All that was said is there; more may be (a `_meta`). */
const isSame = (got: Loose, said: object) =>
  Object.entries(said).every(([name, value]) => isDeepStrictEqual(got?.[name], value))

const question =
  (name: Question): Feature['exchange'] =>
  async (cell) =>
    readOutcome(cell, await callAsking(cell, name), [name])

/** It declared nothing, so nobody asks it: an older server is told so, a modern one sees it and refuses. */
const CANNOT = (down: Rule['down']): readonly Rule[] => [
  { ...(down && { down }), is: 'server: -32601' },
  { ...(down && { down }), up: ['modern HTTP'], is: 'client: -32021' },
]

const AREA = 'Questions of the server'
const NO_SUCH = 'none: not in that revision'
const REFUSED: readonly Rule[] = [
  { down: ['plain POST', '2025-03-26'], is: 'client: -32601' },
  { down: ['plain POST', '2025-03-26'], up: ['modern HTTP'], is: 'client: -32021' },
]

export const ASKED: readonly Feature[] = [
  {
    area: AREA,
    title: 'sampling',
    note: 'A client that cannot be asked (a plain POST, one that did not declare it) is not: the server is told, and a modern one refuses the call with -32021.',
    rules: CANNOT(['plain POST']),
    exchange: question('sample'),
  },
  {
    area: AREA,
    title: 'elicitation with a form',
    note: '2025-03-26 has none.',
    rules: CANNOT(['plain POST', '2025-03-26']),
    exchange: question('elicit'),
  },
  {
    area: AREA,
    title: 'elicitation with a URL',
    note: 'Since 2025-11-25; a client that has forms alone has the method, so the code is another. Its `elicitationId` is not in 2026-07-28: older clients of a modern server get one, modern clients of an older server none.',
    rules: [
      { down: ['2025-06-18'], is: 'server: -32602' },
      ...CANNOT(['plain POST', '2025-03-26']),
      { down: ['2025-06-18'], up: ['modern HTTP'], is: 'client: -32021' },
    ],
    exchange: question('elicit-url'),
  },
  { area: AREA, title: 'roots', rules: CANNOT(['plain POST']), exchange: question('roots') },
  {
    area: AREA,
    title: 'two questions in one call',
    note: 'A modern client of an older server is asked one after the other, an older client of a modern server gets both at once.',
    rules: CANNOT(['plain POST', '2025-03-26']),
    exchange: async (cell) => readOutcome(cell, await callAsking(cell, 'ask-twice'), ['elicit', 'sample']),
  },
  {
    area: AREA,
    title: 'a question during `prompts/get`',
    note: 'A server that is told its client cannot be asked answers as it likes: the probe with that error.',
    rules: REFUSED,
    exchange: during('prompts/get', { name: 'ask' }, (result) => result.messages[0].content.text),
  },
  {
    area: AREA,
    title: 'a question during `resources/read`',
    rules: REFUSED,
    exchange: during('resources/read', { uri: 'probe://ask' }, (result) => result.contents[0].text),
  },
  {
    area: AREA,
    title: 'roots changed',
    note: 'Only sessions have `notifications/roots/list_changed`.',
    rules: [{ is: NO_SUCH }, { down: SESSIONS, up: LEGACY_UPS, is: 'passes' }],
    async exchange({ client, ask }) {
      const before = Number(await ask('roots-changed'))
      await client.notify('notifications/roots/list_changed')
      // what was sent after it is answered: it would have come
      for (let n = 0; n < 25; n++) if (Number(await ask('roots-changed')) > before) return 'passes'
      return NO_SUCH
    },
  },
  {
    area: AREA,
    title: '`requestState` of the server',
    note: 'Sealed on its way to the client, opened on its way back; of older servers the hub makes its own.',
    rules: [{ down: ['2025-03-26', '2025-06-18', '2025-11-25', 'plain POST'], is: 'none: not in that revision' }],
    async exchange(cell) {
      if (cell.down !== '2026-07-28') return 'none: not in that revision'
      const { reply, states } = await callAsking(cell, 'elicit')
      const { state } = JSON.parse(reply.result.content[0].text) as { state?: string }
      const isSealed = states.length === 1 && !states[0]!.includes('step-1')
      return isSealed && state === (cell.up === 'modern HTTP' ? 'step-1' : undefined) ? 'passes' : 'none: it differs'
    },
  },
]
