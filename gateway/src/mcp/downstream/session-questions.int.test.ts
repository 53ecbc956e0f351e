import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RpcAnswer, UpstreamQuestion } from '../upstream/upstreams.ts'
import { tool } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { openEvents, post, rpc, until, type Events } from './test-client.ts'

let world: World
let alice: string
let bob: string

beforeEach(async () => {
  world = await openWorld()
  alice = world.authenticator.addKey('alice')
  bob = world.authenticator.addKey('bob')
  world.upstreams.servers.set('one', { tools: [tool('echo')] })
  world.catalog.put(makeServer('one'))
  await until(() => world.discoveryStore.rows.length > 0)
})
afterEach(() => world.close())

interface Opened {
  readonly id: string
  readonly sealed: string
  readonly events: Events
}

/** With a GET stream; `id` is what the upstream side knows it by. */
async function openSession(key: string, capabilities: object = { roots: {} }): Promise<Opened> {
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 't', version: '1' } }
  const answer = await post(world, '/mcp', key, rpc(0, 'initialize', params))
  const sealed = answer.headers['mcp-session-id'] as string
  const events = await openEvents(world, `/mcp?key=${key}`, { 'mcp-session-id': sealed })
  return { id: world.sessionStore.rows.at(-1)!.id, sealed, events }
}

function ask(key: string, question: Partial<UpstreamQuestion> = {}): RpcAnswer[] {
  const heard: RpcAnswer[] = []
  const { userId } = world.authenticator.principal(key)
  const respond = (answer: RpcAnswer) => void heard.push(answer)
  const all = { server: 'one', userId, sessionId: null, method: 'roots/list', params: undefined, respond, ...question }
  world.upstreams.question(all)
  return heard
}

const asked = ({ events }: Opened) =>
  (events.messages as { id: string; method: string }[]).filter((one) => one.method === 'roots/list')
const reply = (key: string, { sealed }: Opened, id: string) =>
  post(world, '/mcp', key, { jsonrpc: '2.0', id, result: { roots: [] } }, { 'mcp-session-id': sealed })

test('SES-5: a question outside any call goes to the stream of the session it concerns, and only that one is heard', async () => {
  const [mine, other, foreign] = [await openSession(alice), await openSession(alice), await openSession(bob)]
  const heard = ask(alice, { sessionId: mine.id })
  await until(() => asked(mine).length === 1)
  const { id } = asked(mine)[0]!
  await reply(alice, other, id)
  await reply(bob, foreign, id)
  expect(heard).toEqual([])
  await reply(alice, mine, id)
  await reply(alice, mine, id)
  expect(heard).toEqual([{ result: { roots: [] } }])
  expect([asked(other), asked(foreign)]).toEqual([[], []])
})

test('SES-5: on the child of a user: the one session that can be asked; of two it could be either, so none', async () => {
  const able = await openSession(alice)
  await openSession(alice, {})
  const foreign = await openSession(bob)
  const heard = ask(alice)
  await until(() => asked(able).length === 1)
  await reply(alice, able, asked(able)[0]!.id)
  expect(heard).toHaveLength(1)
  await openSession(alice)
  const refused = ask(alice)
  await until(() => refused.length === 1)
  expect(refused).toMatchObject([{ error: { code: -32601 } }])
  expect(asked(foreign)).toEqual([])
})

test('nobody is asked without a stream, without the capability, or at a server that is no longer theirs', async () => {
  const able = await openSession(alice)
  const unable = await openSession(alice, {})
  const answers = [
    ask(alice, { sessionId: unable.id }),
    ask(alice, { sessionId: 'unknown' }),
    ask(alice, { sessionId: able.id, method: 'elicitation/create', params: {} }),
    ask(bob, { sessionId: able.id }),
  ]
  world.access.hide(world.authenticator.principal(alice).userId, 'one')
  answers.push(ask(alice, { sessionId: able.id }))
  able.events.close()
  await until(() => answers.every((heard) => heard.length === 1))
  for (const heard of answers) expect(heard).toMatchObject([{ error: { code: -32601 } }])
  expect([asked(able), asked(unable)]).toEqual([[], []])
})

test('a session that ends answers what it was asked', async () => {
  const session = await openSession(alice)
  const heard = ask(alice, { sessionId: session.id })
  await until(() => asked(session).length === 1)
  world.authenticator.revoke(alice)
  await until(() => heard.length === 1)
  expect(heard).toMatchObject([{ error: { code: -32603 } }])
})
