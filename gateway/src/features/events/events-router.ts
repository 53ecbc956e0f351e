// REST: the stream of news. Hints alone: whoever hears one asks again, and is asked who they are again.
import type { LivePrincipals } from '../../auth/principal.ts'
import type { Handlers } from '../../platform/route.ts'
import type { NewsFeed } from './news-feed.ts'

export interface EventsRouterDeps {
  readonly news: Pick<NewsFeed, 'open'>
  readonly authenticator: Pick<LivePrincipals, 'current'>
}

export function createEventsRouter({ news, authenticator }: EventsRouterDeps): Handlers<'streamEvents'> {
  return {
    streamEvents({ principal, door, query }) {
      const hearer = {
        userId: principal.userId,
        // asked for each piece of news: a key and its stream outlive their person's role
        get isStaff() {
          return authenticator.current(principal).role !== 'member'
        },
      }
      return news.open(hearer, { lastEventId: door.lastEventId, pageAgeMs: query.pageAgeMs ?? null })
    },
  }
}
