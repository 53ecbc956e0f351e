// Several tabs in one process: the locks and channels are Node's own, the stream is played.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readConnection, setConnection } from './connection.ts'
import { followEvents } from './stream.ts'

class PlayedStream extends EventTarget {
  static readonly CLOSED = 2
  static readonly all: PlayedStream[] = []
  readyState = 0
  readonly url: string
  constructor(url: string) {
    super()
    this.url = url
    PlayedStream.all.push(this)
  }
  play(type: string, data?: unknown): void {
    this.dispatchEvent(Object.assign(new Event(type), { data: JSON.stringify(data) }))
  }
  refuse(): void {
    this.readyState = PlayedStream.CLOSED
    this.play('error')
  }
  close(): void {
    this.readyState = PlayedStream.CLOSED
  }
}

const open = () => PlayedStream.all.filter(({ readyState }) => readyState !== PlayedStream.CLOSED)
const tabs: AbortController[] = []

function openTab(userId = 'minsu') {
  const seen: string[] = []
  const ending = new AbortController()
  tabs.push(ending)
  followEvents(
    { url: '/api/events', userId },
    {
      onChanged: (topics) => seen.push(`changed ${topics.join()}`),
      onReset: () => seen.push('reset'),
      onRefused: () => seen.push('refused'),
      onOther: () => seen.push('other'),
    },
    ending.signal,
  )
  return { seen, close: () => ending.abort() }
}

beforeEach(() => {
  PlayedStream.all.length = 0
  vi.stubGlobal('EventSource', PlayedStream)
  vi.stubGlobal('window', globalThis)
})
afterEach(async () => {
  for (const tab of tabs.splice(0)) tab.abort()
  await vi.waitFor(async () => expect((await navigator.locks.query()).held).toEqual([]))
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('one tab listens for all, and all hear', async () => {
  const [first, second] = [openTab(), openTab()]
  await vi.waitFor(() => expect(open()).toHaveLength(1))
  open()[0]!.play('open')
  open()[0]!.play('changed', { topics: ['keys', 'groups'] })
  // what the second one asked before it could hear the first is asked again; whoever listens is told by the hub
  const heard = ['changed keys,groups']
  await vi.waitFor(() => expect([first.seen, second.seen]).toEqual([heard, ['reset', ...heard]]))
  expect(readConnection()).toEqual({ kind: 'live' })
  expect(PlayedStream.all).toHaveLength(1)
})

test('when the tab that listened is closed another one does, and is told what happened since its page began to ask', async () => {
  const [first, second] = [openTab(), openTab()]
  await vi.waitFor(() => expect(open()).toHaveLength(1))
  open()[0]!.play('open')
  open()[0]!.play('changed', { topics: ['me'] })
  await vi.waitFor(() => expect(second.seen).toEqual(['reset', 'changed me']))
  first.close()
  await vi.waitFor(() => expect(PlayedStream.all).toHaveLength(2))
  expect(open()).toHaveLength(1)
  expect(open()[0]!.url).toMatch(/^\/api\/events\?pageAgeMs=\d+$/)
  open()[0]!.play('open')
  expect(second.seen).toHaveLength(2)
})

test('a tab that comes later asks again for what it asked before it could hear, and nobody else does', async () => {
  const first = openTab()
  await vi.waitFor(() => expect(open()).toHaveLength(1))
  open()[0]!.play('open')
  const second = openTab()
  await vi.waitFor(() => expect(second.seen).toEqual(['reset']))
  // taken up again where it broke off: the hub says what was missed
  open()[0]!.play('error')
  open()[0]!.play('open')
  open()[0]!.play('changed', { topics: ['me'] })
  await vi.waitFor(() => expect(second.seen).toEqual(['reset', 'changed me']))
  expect(first.seen).toEqual(['changed me'])
})

test('a tab of somebody else makes all of both look who they are, one of the same person nobody', async () => {
  const [first, second] = [openTab(), openTab()]
  await vi.waitFor(() => expect(open()).toHaveLength(1))
  open()[0]!.play('hello', { userId: 'minsu' })
  const other = openTab('jisoo')
  await vi.waitFor(() => expect(other.seen).toEqual(['other', 'other']))
  expect([first.seen, second.seen]).toEqual([['other'], ['other']])
})

test("a stream that is somebody else's says so to all tabs", async () => {
  const [first, second] = [openTab(), openTab()]
  await vi.waitFor(() => expect(open()).toHaveLength(1))
  open()[0]!.play('hello', { userId: 'jisoo' })
  await vi.waitFor(() => expect([first.seen, second.seen]).toEqual([['other'], ['other']]))
})

test('the moment it was lost stays the first one, until it is live again', async () => {
  setConnection({ kind: 'live' })
  openTab()
  await vi.waitFor(() => expect(open()).toHaveLength(1))
  open()[0]!.play('error')
  const lost = readConnection()
  expect(lost.kind).toBe('lost')
  await new Promise((resolve) => setImmediate(resolve))
  open()[0]!.play('error')
  expect(readConnection()).toBe(lost)
  open()[0]!.play('open')
  expect(readConnection()).toEqual({ kind: 'live' })
})

test('a stream the hub refused is tried again, since the browser does not, from when the page began to ask', async () => {
  const tab = openTab()
  await vi.waitFor(() => expect(open()).toHaveLength(1))
  vi.useFakeTimers()
  open()[0]!.refuse()
  expect(tab.seen).toEqual(['refused'])
  expect(open()).toHaveLength(0)
  vi.advanceTimersByTime(5_000)
  expect(open()).toHaveLength(1)
  expect(open()[0]!.url).toMatch(/\?pageAgeMs=\d+$/)
  open()[0]!.play('reset')
  expect(tab.seen).toEqual(['refused', 'reset'])
})
