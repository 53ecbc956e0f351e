// One stream of news for each page that listens: what it missed first, then what comes, several changes as one event.
import { HubError, type EventTopic } from '@mcphub/api'
import type { EventWriter } from '../../platform/event-writer.ts'
import { concerns, NewsBook, type Hearer } from './news-book.ts'
import { followSources, NewsWatch, type NewsSourcesDeps } from './news-sources.ts'

/** Where a page's knowledge ends; neither: at this moment. */
export interface Since {
  readonly lastEventId: string | null
  /** of a page that begins to listen, in ms: it asked before it could hear */
  readonly pageAgeMs: number | null
}

export interface NewsFeed {
  /** Runs until the stream ends. @throws HubError `limit_exceeded` */
  open(hearer: Hearer, since: Since): (stream: EventWriter) => Promise<void>
  stop(): void
}

/** One for each browser is what there should be. */
const STREAMS = 8
/** what comes within it is one event */
const TOGETHER_MS = 250
/** In ms, beyond a page's age: its question was on its way, and another replica answered it before it knew. */
export const JUST_BEFORE_MS = 5_000

export function createNewsFeed(deps: NewsSourcesDeps, { togetherMs = TOGETHER_MS } = {}): NewsFeed {
  const streams = new Map<string, number>()
  const book = new NewsBook((isListening) => (isListening ? watch.start() : watch.stop()))
  const watch = new NewsWatch(deps, book)
  const stop = followSources(deps, book)
  const count = (userId: string, by: 1 | -1): void => {
    const left = (streams.get(userId) ?? 0) + by
    if (left > 0) streams.set(userId, left)
    else streams.delete(userId)
  }
  return {
    open(hearer, since) {
      if ((streams.get(hearer.userId) ?? 0) >= STREAMS)
        throw new HubError('limit_exceeded', `At most ${STREAMS} streams of one person at a time`, {
          retryAfterSeconds: 30,
        })
      return async (stream) => {
        count(hearer.userId, 1)
        try {
          await tellOne(book, stream, { hearer, since, togetherMs })
        } finally {
          count(hearer.userId, -1)
        }
      }
    },
    stop() {
      stop()
      watch.stop()
    },
  }
}

interface Listening {
  readonly hearer: Hearer
  readonly since: Since
  readonly togetherMs: number
}

/** null: nobody knows */
function findMissed(book: NewsBook, hearer: Hearer, { lastEventId, pageAgeMs }: Since): ReadonlySet<EventTopic> | null {
  if (lastEventId !== null) return book.since(lastEventId, hearer)
  return pageAgeMs === null ? new Set() : book.lately(pageAgeMs + JUST_BEFORE_MS, hearer)
}

async function tellOne(book: NewsBook, stream: EventWriter, { hearer, since, togetherMs }: Listening): Promise<void> {
  const missed = findMissed(book, hearer, since)
  // its id is where a page goes on that has heard of nothing yet
  const id = book.lastId(hearer)
  // the cookie may have become another one's since the page asked who it is for
  if (since.lastEventId === null || missed?.size === 0)
    stream.send({ event: 'hello', id, data: { userId: hearer.userId } })
  if (missed === null) stream.send({ event: 'reset', id, data: null })
  else if (missed.size > 0) stream.send({ event: 'changed', id, data: { topics: [...missed] } })
  const waiting = new Set<EventTopic>()
  let timer: NodeJS.Timeout | null = null
  const flush = (): void => {
    timer = null
    stream.send({ event: 'changed', id: book.lastId(hearer), data: { topics: [...waiting] } })
    waiting.clear()
  }
  const stop = book.listen((news) => {
    if (!concerns(news, hearer)) return
    for (const topic of news.topics) waiting.add(topic)
    timer ??= setTimeout(flush, togetherMs)
  })
  const over = Promise.withResolvers<void>()
  stream.signal.addEventListener('abort', () => over.resolve())
  if (!stream.signal.aborted) await over.promise
  stop()
  if (timer !== null) clearTimeout(timer)
}
