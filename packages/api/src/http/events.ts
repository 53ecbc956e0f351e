// Contract of the stream of news (`GET /api/events`): hints of what changed, never data. Whoever hears one asks again.
import { z } from 'zod'

export const EVENT_TOPICS = [
  'keys',
  'groups',
  'variables',
  'servers',
  'tools',
  'sandboxes',
  'sessions',
  'activity',
  'me',
  'sightings',
  // heard by administrators and auditors alone
  'people',
  'catalog',
  'audit',
  'providers',
  'toolChanges',
  'system',
] as const
export const eventTopic = z.enum(EVENT_TOPICS)
export type EventTopic = z.infer<typeof eventTopic>

/** Topics that only administrators and auditors hear of. */
export const ADMIN_TOPICS: ReadonlySet<EventTopic> = new Set([
  'people',
  'catalog',
  'audit',
  'providers',
  'toolChanges',
  'system',
])

/** How old a page is that begins to listen, in ms: it is told what changed since it began to ask. Absent: nothing from before now. */
export const streamEventsQuery = z.strictObject({ pageAgeMs: z.coerce.number().int().min(0).optional() })

/** The data of an event `hello`, which begins a new stream, and one taken up again that missed nothing: whose it is. */
export const helloEvent = z.object({ userId: z.string() })
export type HelloEvent = z.infer<typeof helloEvent>

/** The data of an event `changed`; an event `reset` has none: everything may have changed. */
export const changedEvent = z.object({ topics: z.array(eventTopic) })
export type ChangedEvent = z.infer<typeof changedEvent>
