// What the endpoint tells whoever connects an editor, and that no answer differs by it.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HubError } from '@mcphub/api'
import { answerEcho, tool } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import type { Witness } from './witness.ts'

let seen: string[] = []
const witness: Witness = {
  called(keyId, describe) {
    const { client, unknownRevision } = describe()
    seen.push(`called ${keyId} ${client} ${unknownRevision?.requested ?? '-'}`)
  },
  refused: (keyId, _request, error) => void seen.push(`refused ${keyId} ${error.code}`),
  turnedAway: (request, error) => void seen.push(`turned away ${error.code} ${request.headers.host?.split(':')[0]}`),
}

let world: World
let key: string
let keyId: string

beforeEach(async () => {
  seen = []
  world = await openWorld({ witness })
  key = world.authenticator.addKey('alice')
  keyId = world.authenticator.principal(key).keyId
  world.upstreams.servers.set('one', { tools: [tool('echo')], onCall: answerEcho })
  world.catalog.put(makeServer('one'))
})
afterEach(() => world.close())

type Headers = Readonly<Record<string, string>>

function post(message: object, headers: Headers = {}, presented = key): Promise<Response> {
  return fetch(`${world.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${presented}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
  })
}

const initialize = (protocolVersion: string) => ({
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'Cursor', version: '1' } },
})

test('calls are told with the client that opened the session, or that says so itself', async () => {
  const opened = await post(initialize('2025-11-25'))
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id')!, 'mcp-protocol-version': '2025-11-25' }
  expect((await post({ method: 'tools/list' }, session)).status).toBe(200)
  expect((await post({ method: 'tools/list' })).status).toBe(200)
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'Modern', version: '1' },
  }
  const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }
  expect((await post({ method: 'tools/list', params: { _meta: meta } }, modern)).status).toBe(200)
  expect(seen).toEqual([
    `called ${keyId} Cursor -`,
    `called ${keyId} Cursor -`,
    `called ${keyId} null -`,
    `called ${keyId} Modern -`,
  ])
})

test('a client that opens with a revision nobody knows is offered another, and that is told', async () => {
  expect((await post(initialize('2023-01-01'))).status).toBe(200)
  expect(seen).toEqual([`called ${keyId} Cursor 2023-01-01`])
})

const WRONG: readonly (readonly [string, Headers, string | undefined, number])[] = [
  ['refused KEY unsupported_version', { 'mcp-protocol-version': '2020-01-01' }, undefined, 400],
  ['refused KEY not_acceptable', { accept: 'text/html' }, undefined, 406],
  ['turned away unauthenticated 127.0.0.1', {}, `mcphub_${'0'.repeat(64)}`, 401],
]

test.each(WRONG)('ID-1: %s: told, and the answer is the same byte for byte where nobody watches', async (...given) => {
  const [told, headers, presented, status] = given
  const watched = await post({ method: 'tools/list' }, headers, presented)
  expect(watched.status).toBe(status)
  expect(seen).toEqual([told.replace('KEY', keyId)])
  const plain = await openWorld()
  const other = plain.authenticator.addKey('alice')
  const here = world
  world = plain
  const unwatched = await post({ method: 'tools/list' }, headers, presented ?? other)
  world = here
  const faceOf = async (response: Response) => [
    response.status,
    [...response.headers].filter(([name]) => name !== 'date'),
    (await response.text()).replace(/"requestId":"[^"]*"/, ''),
  ]
  expect(await faceOf(watched)).toEqual(await faceOf(unwatched))
  await plain.close()
})

test('a request that is turned away for its Origin is told of after its answer', async () => {
  await world.close()
  const order: string[] = []
  world = await openWorld({
    witness: { ...witness, turnedAway: (_request, error) => void order.push(error.code) },
    checkOrigin: () => {
      throw new HubError('origin_forbidden', 'x')
    },
  })
  expect((await post({ method: 'tools/list' }, {}, 'none')).status).toBe(403)
  expect(order).toEqual(['origin_forbidden'])
})
