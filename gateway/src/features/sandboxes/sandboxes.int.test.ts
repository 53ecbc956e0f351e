// What people are told of their sandboxes, and may do with them, on real sockets: states in codes, stderr as it is written, the start anew.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HubError } from '@mcphub/api'
import { buildSandboxInfo } from '../../../../test/kit/hub-doubles.ts'
import { startRestHub, type RestHub } from '../../../../test/kit/rest-hub.ts'
import type { Person } from '../../../../test/kit/rest.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { HUB } from '../../../../test/kit/worlds.ts'
import type { SandboxInfo } from '../../sandboxes/sandboxes.ts'

let hub: RestHub
let alice: Person
let bob: Person
let admin: Person
beforeAll(async () => {
  hub = await startRestHub()
  admin = await hub.addPerson('root', 'admin')
  alice = await hub.addPerson('alice')
  bob = await hub.addPerson('bob')
  const stdio = { package: { npm: { name: 'files', version: '1.0.0' } } }
  hub.catalog.set({ servers: { files: { type: 'Stdio', access: 'Everyone', stdio } } })
})
afterAll(() => hub.stop())

/** The one sandbox there is. */
let box: SandboxInfo
const put = (over: Partial<SandboxInfo> = {}): void => {
  box = buildSandboxInfo({ userId: alice.id, username: 'alice', ...over })
  hub.sandboxes.infos.splice(0, Infinity, box)
}
const say = (text: string): void => void hub.sandboxes.texts.set(box.id, (hub.sandboxes.texts.get(box.id) ?? '') + text)
beforeEach(() => put())

interface Listened {
  readonly status: number
  readonly events: { readonly event: string; readonly id: string; readonly data: { readonly text: string } | null }[]
  readonly isOver: () => boolean
  text(): string
  close(): void
}

const open: Listened[] = []
afterEach(() => {
  for (const stream of open.splice(0)) stream.close()
})

async function listen(person: Person, lastEventId?: string): Promise<Listened> {
  const ending = new AbortController()
  const answer = await fetch(`${hub.url}/api/sandboxes/${box.id}/logs/stream`, {
    headers: {
      cookie: `mcphub_session=${person.session}`,
      'sec-fetch-site': 'same-origin',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: ending.signal,
  })
  const events: Listened['events'] = []
  let over = false
  const read = async (): Promise<void> => {
    let text = ''
    for await (const bytes of answer.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + bytes).split('\n\n')
      text = blocks.pop()!
      for (const block of blocks.filter((one) => !one.startsWith(':'))) {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
        events.push({ event: field('event'), id: field('id'), data: JSON.parse(field('data')) as { text: string } })
      }
    }
  }
  read()
    .catch(() => undefined)
    .finally(() => (over = true))
  const text = (): string => events.map(({ data }) => data?.text ?? '').join('')
  const listened = { status: answer.status, events, isOver: () => over, text, close: () => ending.abort() }
  open.push(listened)
  await waitUntil(() => events.length > 0 || over, 'the first event')
  return listened
}

describe('stderr as it is written', () => {
  test('what is there at once, then what comes; taken up again it goes on, without a gap or a word twice', async () => {
    say('started\n')
    const first = await listen(alice)
    expect(first.events).toMatchObject([{ event: 'log', data: { text: 'started\n' } }])
    say('한 줄\n')
    await waitUntil(() => first.text() === 'started\n한 줄\n', 'the next line')
    const { id } = first.events.at(-1)!
    first.close()
    say('missed\n')
    const again = await listen(alice, id)
    expect(again.events).toMatchObject([{ event: 'log', data: { text: 'missed\n' } }])
    const last = await listen(alice, again.events[0]!.id)
    expect(last.events).toMatchObject([{ event: 'log', data: { text: '' } }])
  })

  test('what is held no more is said to be missing, and what is held follows whole', async () => {
    say('all that is held\n')
    for (const id of ['of-another-replica', 'test-9999', '\u0000']) {
      const { events } = await listen(alice, encodeURIComponent(id))
      expect(events).toMatchObject([
        { event: 'gap', data: null },
        { event: 'log', data: { text: 'all that is held\n' } },
      ])
    }
  })

  test('it goes on after the end of the process, and ends when the sandbox is forgotten', async () => {
    const stream = await listen(alice)
    await hub.sandboxes.stopWhere(({ id }) => id === box.id, 'stopped')
    say('last words\n')
    await waitUntil(() => stream.text() === 'last words\n', 'the last words')
    hub.sandboxes.forgetEnded()
    await waitUntil(stream.isOver, 'the stream is over')
  })

  test('what no replica hears is said so, once; then it goes on', async () => {
    hub.sandboxes.unheard.add(box.id)
    const stream = await listen(alice)
    expect(stream.events).toMatchObject([{ event: 'unheard', data: null }])
    hub.sandboxes.unheard.clear()
    say('heard again\n')
    await waitUntil(() => stream.text() === 'heard again\n', 'the first line that is heard')
  })

  test('SES-8: nobody’s is listed beside their own for administrators alone', async () => {
    const listed = async ({ session }: { readonly session: string }): Promise<number> => {
      const { json } = await hub.send('GET', '/api/sandboxes', { session })
      return (json as { items: object[] }).items.length
    }
    expect([await listed(alice), await listed(bob), await listed(admin)]).toEqual([1, 0, 0])
    put({ userId: null, username: null })
    expect([await listed(alice), await listed(bob), await listed(admin)]).toEqual([0, 0, 1])
  })

  test('SES-8: that of another is none; nobody’s is for administrators', async () => {
    say('mine')
    expect([(await listen(bob)).status, (await listen(admin)).status]).toEqual([404, 404])
    put({ userId: null, username: null })
    say('nobody’s')
    expect([(await listen(bob)).status, (await listen(admin)).text()]).toEqual([404, 'nobody’s'])
  })

  test('ID-4: it ends with the session, at most five seconds later', async () => {
    const carol = await hub.addPerson('carol')
    put({ userId: carol.id, username: 'carol' })
    const stream = await listen(carol)
    expect(stream.status).toBe(200)
    await hub.world.users.deactivate(HUB, carol.id)
    await waitUntil(stream.isOver, 'the stream is over', 5_000)
    expect((await listen(carol)).status).toBe(401)
  })

  test('a ninth of one person is refused, and one that ends makes room', async () => {
    const dave = await hub.addPerson('dave')
    put({ userId: dave.id, username: 'dave' })
    const streams = await Promise.all(Array.from({ length: 8 }, () => listen(dave)))
    expect(streams.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
    expect((await listen(dave)).status).toBe(429)
    streams[0]!.close()
    await waitUntil(async () => (await listen(dave)).status === 200, 'room again')
  })
})

describe('the list', () => {
  const shown = async (over: Partial<SandboxInfo>): Promise<object | undefined> => {
    put(over)
    const { json } = await hub.send('GET', '/api/sandboxes', { session: alice.session })
    return (json as { items: object[] }).items[0]
  }

  test.each<[Partial<SandboxInfo>, object]>([
    [{}, { code: 'running', params: {}, idleInSeconds: 60 }],
    [{ lastFault: 'exited with 1' }, { code: 'runningAfterFault', params: { message: 'exited with 1' } }],
    [
      { state: 'Starting', progress: 'installing files' },
      { code: 'starting', params: { message: 'installing files' } },
    ],
    [{ state: 'Starting' }, { code: 'starting', params: {} }],
    [
      { state: 'Ending', lastFault: 'exited with 1' },
      { code: 'ending', params: {} },
    ],
    [
      { state: 'Failed', lastFault: 'no such file' },
      { code: 'failed', params: { message: 'no such file' } },
    ],
    [{ idleInSeconds: null }, { code: 'running', idleInSeconds: null }],
  ])('%j is told as %j', async (over, expected) => {
    const found = await shown(over)
    expect(found).toMatchObject(expected)
    expect(found).not.toHaveProperty('progress')
  })
})

describe('the start anew', () => {
  const restart = async (person: Person): Promise<number> =>
    (await hub.send('POST', `/api/sandboxes/${box.id}/restart`, { session: person.session })).status
  const described = (): object[] => hub.calledUpstreams.described

  beforeEach(() => {
    hub.calledUpstreams.servers.set('files', {})
    described().length = 0
  })

  test('ends it and starts it for its person, as a call of theirs would', async () => {
    expect(await restart(alice)).toBe(204)
    expect(hub.sandboxes.infos).toEqual([])
    expect(described()).toEqual([{ server: 'files', userId: alice.id }])
  })

  test('what takes long goes on; what fails is told', async () => {
    hub.calledUpstreams.servers.set('files', { describe: new HubError('sandbox_starting', 'still starting') })
    expect(await restart(alice)).toBe(204)
    put()
    hub.calledUpstreams.servers.set('files', { describe: new HubError('sandbox_failed', 'no such file') })
    expect(await restart(alice)).toBe(502)
  })

  test('who meets the one that is going starts the next one; that one’s own fault is told', async () => {
    const faults = [new HubError('upstream_lost', 'its pod was deleted')]
    hub.calledUpstreams.servers.set('files', {
      get describe() {
        return faults.shift() ?? 3
      },
    })
    expect(await restart(alice)).toBe(204)
    expect(described()).toHaveLength(2)
    put()
    faults.push(new HubError('sandbox_failed', 'ended'), new HubError('sandbox_failed', 'no such file'))
    expect([await restart(alice), faults]).toEqual([502, []])
  })

  test('of one session it is only ended: that session starts it again', async () => {
    put({ sessionId: 'of-one-window' })
    expect(await restart(alice)).toBe(204)
    expect([hub.sandboxes.infos, described()]).toEqual([[], []])
  })

  test('SES-8: that of another is none, also for administrators', async () => {
    expect([await restart(bob), await restart(admin)]).toEqual([404, 404])
    put({ userId: null, username: null })
    expect(await restart(admin)).toBe(404)
    expect([hub.sandboxes.infos, described()]).toEqual([[box], []])
  })
})
