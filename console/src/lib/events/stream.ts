// The hub's news, one stream per browser: the tab that holds the lock listens and tells the others (HTTP/1.1 gives a browser six connections
// per host, and ten tabs are no rarity). The browser resumes by itself where the stream broke off (Last-Event-ID); where nobody can know what
// happened meanwhile, everything is asked for again. Tabs of one browser share its cookie, so they also say whose page they are: when somebody
// else has logged in, those of the person before must not go on.
import type { HelloEvent } from '@mcphub/api'
import { setConnection, type Connection } from './connection.ts'
import type { Topic } from './topics.ts'

const NAME = 'mcphub-events'
/** after the hub refused the stream, which the browser does not try again by itself */
const AGAIN_MS = 5_000

type News =
  | { readonly kind: 'changed'; readonly topics: readonly Topic[] }
  | { readonly kind: 'reset' }
  | { readonly kind: 'connection'; readonly connection: Connection }
  /** of a tab that has just come, for the user of this id */
  | { readonly kind: 'who'; readonly userId: string }
  /** whose the stream is, or a tab that was there already */
  | { readonly kind: 'whose'; readonly userId: string }

export interface EventHandlers {
  onChanged(topics: readonly Topic[]): void
  /** what happened meanwhile is not known */
  onReset(): void
  /** the hub refuses the stream: one may be logged out */
  onRefused(): void
  /** another tab, or the hub, takes somebody else for the one who is logged in */
  onOther(): void
}

export interface Source {
  readonly url: string
  /** for whom this page was made */
  readonly userId: string
}

/** Ends with the signal. */
export function followEvents({ url, userId }: Source, handlers: EventHandlers, signal: AbortSignal): void {
  const channel = new BroadcastChannel(NAME)
  let own: Connection | null = null
  // what this page asked before it could hear the others may be from before a change that nobody told it of
  let isBehind = true
  const send = (news: News): void => channel.postMessage(news)
  const hear = (news: News): void => {
    if (news.kind === 'changed') handlers.onChanged(news.topics)
    else if (news.kind === 'reset') handlers.onReset()
    else if (news.kind === 'connection') setConnection(news.connection)
    else if (news.userId !== userId) handlers.onOther()
  }
  const answerWho = (whose: string): void => {
    if (own !== null) send({ kind: 'connection', connection: own })
    if (whose !== userId) send({ kind: 'whose', userId })
  }
  channel.addEventListener('message', ({ data }: MessageEvent<News>) => {
    if (data.kind === 'who') answerWho(data.userId)
    hear(data)
    if (!isBehind || data.kind !== 'connection' || data.connection.kind !== 'live') return
    isBehind = false
    handlers.onReset()
  })
  send({ kind: 'who', userId })
  const tell = (news: News): void => {
    if (signal.aborted) return
    if (news.kind === 'connection') own = news.connection
    send(news)
    hear(news)
  }
  signal.addEventListener('abort', () => channel.close())
  const listenAlone = (): Promise<void> => {
    // the hub itself tells this one what it missed
    isBehind = false
    return listen(url, { tell, onRefused: () => handlers.onRefused() }, signal)
  }
  navigator.locks.request(NAME, { signal }, listenAlone).catch(() => undefined)
}

interface Teller {
  readonly tell: (news: News) => void
  readonly onRefused: () => void
}

/** Lasts as long as this tab is the one that listens. */
function listen(url: string, { tell, onRefused }: Teller, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let timer = 0
  let source: EventSource | null = null
  const open = (): void => {
    // what happened since this page began to ask comes first: before its first stream, and between two of them
    const pageAgeMs = Math.max(0, Math.ceil(Date.now() - performance.timeOrigin))
    const stream = new EventSource(`${url}?pageAgeMs=${pageAgeMs}`)
    source = stream
    stream.addEventListener('open', () => tell({ kind: 'connection', connection: { kind: 'live' } }))
    stream.addEventListener('hello', ({ data }: MessageEvent<string>) => {
      tell({ kind: 'whose', userId: (JSON.parse(data) as HelloEvent).userId })
    })
    stream.addEventListener('changed', ({ data }: MessageEvent<string>) => {
      const { topics } = JSON.parse(data) as { readonly topics: readonly Topic[] }
      tell({ kind: 'changed', topics })
    })
    stream.addEventListener('reset', () => tell({ kind: 'reset' }))
    stream.addEventListener('error', () => {
      tell({ kind: 'connection', connection: { kind: 'lost', since: Date.now() } })
      if (stream.readyState !== EventSource.CLOSED) return
      onRefused()
      timer = window.setTimeout(open, AGAIN_MS)
    })
  }
  open()
  signal.addEventListener('abort', () => {
    window.clearTimeout(timer)
    source?.close()
    resolve()
  })
  return promise
}
