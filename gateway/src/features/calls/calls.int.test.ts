// Calls and checks through the REST API, on real sockets: what a browser hears of a call, and what it never hears.
import { HubError, LIMITS, type VerifyResponse } from '@mcphub/api'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until, waitUntil } from '../../../../test/kit/wait-until.ts'
import type { Person } from '../../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../../test/kit/rest-hub.ts'
import { answerResult, type SentCall } from '../../mcp/downstream/fake-upstreams.ts'

let hub: RestHub
let alice: Person
let bob: Person
let sent: SentCall[]

const PATH = '/api/servers/mail/tools/send/calls'
const SECRET = 'ghp_0123456789secret'

beforeAll(async () => {
  hub = await startRestHub()
  alice = await hub.addPerson('alice')
  bob = await hub.addPerson('bob')
  const spec = (more: object = {}) => ({
    type: 'Remote',
    remote: { url: 'https://x.example.test', headers: [{ name: 'Authorization', value: '${USER_TOKEN}' }] },
    ...more,
  })
  const verify = (tool: string) => [{ variable: 'USER_TOKEN', tool, arguments: { me: true } }]
  hub.catalog.set({
    servers: {
      mail: spec({ verify: verify('whoami'), tools: { deny: ['purge'] } }),
      chat: spec({ verify: verify('ping') }),
      quiet: spec(),
      theirs: spec({ verify: verify('whoami') }),
    },
    groups: {
      both: { members: { users: ['alice'] }, servers: ['mail', 'chat', 'quiet'] },
      bobs: { members: { users: ['bob'] }, servers: ['theirs'] },
    },
  })
  for (const server of ['mail', 'chat', 'quiet', 'theirs']) {
    hub.discoveries.put(server, null, ['send', 'purge', 'whoami', 'ping'])
  }
})
afterAll(() => hub.stop())
beforeEach(() => {
  sent = hub.calledUpstreams.sent
  sent.length = 0
  hub.calledUpstreams.servers.clear()
})

const onCall = (server: string, answer: (call: SentCall) => void) =>
  void hub.calledUpstreams.servers.set(server, { onCall: answer })

interface Heard {
  readonly event: string
  readonly data: Record<string, unknown>
}

const readEvents = (text: string): Heard[] =>
  text
    .split('\n\n')
    .filter((block) => block.startsWith('event:'))
    .map((block) => {
      const [event, data] = block.split('\n').map((line) => line.slice(line.indexOf(': ') + 2))
      return { event: event!, data: JSON.parse(data!) as Record<string, unknown> }
    })

const call = (person: Person, path = PATH, body: object = { arguments: { to: 'x' } }) =>
  hub.send('POST', path, { session: person.session, body })

describe('R6-4: a call from a page', () => {
  test('tells that it began, how it goes and what came of it', async () => {
    onCall('mail', (one) => {
      const params = { progressToken: one.call.requestId, progress: 1, total: 2, message: 'half' }
      one.sink.notification(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }))
      answerResult(one, { content: [{ type: 'text', text: '<b>hi</b>' }], structuredContent: { id: 7 } })
    })
    const answer = await call(alice)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    const requestId = answer.headers.get('x-request-id')
    expect(readEvents(answer.text)).toEqual([
      { event: 'started', data: { requestId } },
      { event: 'progress', data: { progress: 1, total: 2, message: 'half' } },
      {
        event: 'result',
        data: { content: [{ type: 'text', text: '<b>hi</b>' }], structuredContent: { id: 7 }, isError: false },
      },
    ])
    expect(sent[0]?.call.params).toMatchObject({ name: 'send', arguments: { to: 'x' } })
    const seen = await until(async () => {
      const page = await hub.send('GET', '/api/activity?limit=1', { session: alice.session })
      const { items } = page.json as { items: Record<string, unknown>[] }
      expect(items[0]).toMatchObject({ requestId })
      return items[0]
    })
    expect(seen).toMatchObject({ action: 'tools/call', server: 'mail', target: 'send', outcome: 'ok', via: 'console' })
  })

  test('a fault is a problem with the id of the request', async () => {
    onCall('mail', ({ sink }) => sink.fail(new HubError('missing_variable', 'It needs USER_TOKEN')))
    const answer = await call(alice)
    expect(readEvents(answer.text).at(-1)).toEqual({
      event: 'fault',
      data: {
        problem: expect.objectContaining({
          code: 'missing_variable',
          detail: 'It needs USER_TOKEN',
          requestId: answer.headers.get('x-request-id'),
        }),
      },
    })
  })

  test('a result of megabytes arrives whole', async () => {
    const text = 'x'.repeat(LIMITS.upstreamBufferBytes * 5)
    onCall('mail', (one) => answerResult(one, { content: [{ type: 'text', text }] }))
    expect(readEvents((await call(alice)).text).at(-1)?.data['content']).toEqual([{ type: 'text', text }])
  })

  test('SES-8: what is hidden, denied or not there is answered by the same bytes', async () => {
    const paths = [
      '/api/servers/none/tools/send/calls',
      '/api/servers/theirs/tools/send/calls',
      '/api/servers/mail/tools/none/calls',
      '/api/servers/mail/tools/purge/calls',
    ]
    const answers = await Promise.all(paths.map((path) => call(alice, path)))
    const bytes = answers.map(({ status, text, headers }) => [
      status,
      text.replaceAll(headers.get('x-request-id')!, ''),
    ])
    expect(new Set(bytes.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 404, problem: { code: 'not_found' } })
    expect(sent).toEqual([])
  })

  test('names and arguments are whatever a server made of them; what is no set of arguments is refused', async () => {
    hub.discoveries.put('mail', null, ['send', 'purge', 'whoami', 'ping', 'a/b ü %2F'])
    expect((await call(alice, `/api/servers/mail/tools/${encodeURIComponent('a/b ü %2F')}/calls`)).status).toBe(200)
    expect(sent[0]?.call.params?.['name']).toBe('a/b ü %2F')
    for (const body of [{ arguments: [] }, { arguments: 'x' }, { arguments: {}, timeoutSeconds: 601 }, { other: 1 }]) {
      expect((await call(alice, PATH, body)).status).toBe(400)
    }
    expect((await hub.send('POST', PATH, { key: alice.key, body: {} })).status).toBe(200)
  })

  test('a page that is closed cancels its call; one whose session ends is told nothing more', async () => {
    onCall('mail', () => undefined)
    const url = `${hub.url}${PATH}`
    const page = new AbortController()
    const session = await hub.startSession(alice.id)
    const headers = {
      cookie: `mcphub_session=${session}`,
      origin: hub.url,
      'x-mcphub-console': '1',
      'content-type': 'application/json',
    }
    const response = await fetch(url, { method: 'POST', headers, body: '{}', signal: page.signal })
    expect(response.status).toBe(200)
    await waitUntil(() => sent.length === 1, 'the call goes out')
    page.abort()
    await waitUntil(() => sent[0]?.canceled === 'nobody waits for it', 'the call is canceled')
    const second = await fetch(url, { method: 'POST', headers, body: '{}' })
    await waitUntil(() => sent.length === 2, 'the second call goes out')
    expect((await hub.send('DELETE', '/api/console-sessions', { session: alice.session })).status).toBe(204)
    expect(readEvents(await second.text()).map(({ event }) => event)).toEqual(['started'])
    await waitUntil(() => sent[1]?.canceled === 'nobody waits for it', 'the second call is canceled')
    alice = { ...alice, session: await hub.startSession(alice.id) }
  })
})

describe('R6-4: the check of a variable', () => {
  const verify = async (person: Person): Promise<VerifyResponse> => {
    const answer = await hub.send('POST', '/api/user-env-vars/USER_TOKEN/verify', { session: person.session })
    expect(answer.status).toBe(200)
    expect(answer.text).not.toContain(SECRET)
    return answer.json as VerifyResponse
  }

  test('calls what each of one’s servers names for it, and never tells what they say', async () => {
    onCall('mail', (one) => answerResult(one, { content: [{ type: 'text', text: `you are ${SECRET}` }] }))
    onCall('chat', (one) => answerResult(one, { content: [{ type: 'text', text: `bad ${SECRET}` }], isError: true }))
    const { items } = await verify(alice)
    expect(items).toMatchObject([
      { server: 'mail', tool: 'whoami', ok: true, code: 'verified', error: null },
      { server: 'chat', tool: 'ping', ok: false, code: 'toolFailed', error: null },
    ])
    expect(new Set(items.map(({ requestId }) => requestId)).size).toBe(2)
    expect(sent.map((one) => [one.server, one.call.params?.['name'], one.call.params?.['arguments']])).toEqual([
      ['mail', 'whoami', { me: true }],
      ['chat', 'ping', { me: true }],
    ])
  })

  test('a call that does not come about is told by its code alone', async () => {
    onCall('mail', ({ sink }) => sink.fail(new HubError('upstream_error', `401 for ${SECRET}`)))
    onCall('chat', ({ sink }) => sink.fail(new HubError('missing_variable', 'It needs USER_TOKEN')))
    expect((await verify(alice)).items).toMatchObject([
      { ok: false, code: 'notCalled', error: 'upstream_error' },
      { ok: false, code: 'notCalled', error: 'missing_variable' },
    ])
  })

  test('of another’s servers nothing is called; where no server names a check there is none', async () => {
    expect((await verify(bob)).items).toMatchObject([{ server: 'theirs', ok: true }])
    const answer = await hub.send('POST', '/api/user-env-vars/USER_OTHER/verify', { session: alice.session })
    expect(answer.json).toEqual({ items: [] })
  })
})
