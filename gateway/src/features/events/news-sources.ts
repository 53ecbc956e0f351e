// From what the hub itself hears of (the change feed, the catalogue) and what nobody tells it (sandboxes, new records of the audit) to hints for
// pages. What must be looked at is looked at only while somebody listens.
import type { EventTopic } from '@mcphub/api'
import type { Catalog } from '../../catalog/catalog.ts'
import type { ChangeSource, ChangeTopic } from '../../db/unit.ts'
import type { NewsStore } from './news-store.ts'
import type { Audience, NewsBook } from './news-book.ts'

interface SeenSandbox {
  readonly id: string
  readonly userId: string | null
  readonly state: string
  readonly startedAt: string | null
  readonly lastFault: unknown
}

export interface NewsSourcesDeps {
  readonly changes: Pick<ChangeSource, 'subscribe'>
  readonly catalog: Pick<Catalog, 'subscribe'>
  readonly sandboxes: { list(): readonly SeenSandbox[] }
  readonly store: NewsStore
  readonly onFault?: (step: string, error: unknown) => void
  readonly timing?: Partial<NewsTiming>
}

export interface NewsTiming {
  readonly sandboxesMs: number
  readonly auditMs: number
  /** replicas say so often how they are */
  readonly systemMs: number
}

const TIMING: NewsTiming = { sandboxesMs: 1_000, auditMs: 2_000, systemMs: 5_000 }

interface Line {
  readonly topic: ChangeTopic
  readonly own: readonly EventTopic[]
  readonly staff: readonly EventTopic[]
  /** whom a subject concerns; null: nobody in particular, so all */
  readonly userOf: (subject: string) => string | null
}

const wholeSubject = (subject: string): string => subject
const firstPart = (subject: string): string => subject.split('/')[0] ?? ''

const LINES: readonly Line[] = [
  { topic: 'identity', own: ['me', 'keys'], staff: ['people'], userOf: wholeSubject },
  { topic: 'consoleSessions', own: ['me'], staff: ['people'], userOf: wholeSubject },
  { topic: 'users', own: [], staff: ['people'], userOf: () => null },
  {
    topic: 'sessions',
    own: ['sessions'],
    staff: ['sessions'],
    // the id, the end of its tombstone, and whose it was; of a replica that does not say so nobody hears
    userOf: (subject) => subject.split('/')[2] ?? '',
  },
  { topic: 'groups', own: ['groups', 'tools', 'servers'], staff: [], userOf: wholeSubject },
  {
    topic: 'variables',
    own: ['variables', 'servers', 'tools'],
    staff: [],
    userOf: (subject) => (firstPart(subject) === 'org' ? null : firstPart(subject)),
  },
  { topic: 'sightings', own: ['sightings'], staff: [], userOf: wholeSubject },
  { topic: 'providers', own: [], staff: ['providers'], userOf: () => null },
  { topic: 'toolChanges', own: ['tools', 'servers'], staff: ['toolChanges'], userOf: () => null },
  {
    topic: 'discoveries',
    own: ['tools', 'servers'],
    staff: ['servers'],
    // a server and whose discovery it is, empty for everybody's
    userOf: (subject) => subject.split('/')[1] || null,
  },
]

/** Returns the function that ends it. */
export function followSources(deps: NewsSourcesDeps, book: NewsBook): () => void {
  const stops = LINES.map((line) => deps.changes.subscribe(line.topic, (subjects) => tellLine(book, line, subjects)))
  stops.push(
    deps.catalog.subscribe((next, previous) => {
      book.add('staff', ['catalog'])
      if (next.servers !== previous.servers || next.groups !== previous.groups)
        book.add('all', ['servers', 'tools', 'variables', 'groups'])
    }),
  )
  return () => {
    for (const stop of stops) stop()
  }
}

function tellLine(book: NewsBook, { own, staff, userOf }: Line, subjects: ReadonlySet<string> | null): void {
  if (staff.length > 0) book.add('staff', staff)
  if (own.length === 0) return
  const users = subjects === null ? [null] : [...new Set([...subjects].map(userOf))]
  const audiences: Audience[] = users.includes(null) ? ['all'] : users.map((userId) => ({ userId: userId ?? '' }))
  for (const audience of audiences) book.add(audience, own)
}

/** What nobody tells: looked at while somebody listens. */
export class NewsWatch {
  readonly #deps: NewsSourcesDeps
  readonly #book: NewsBook
  #timers: NodeJS.Timeout[] = []
  #sandboxes = new Map<string, { readonly text: string; readonly userId: string | null }>()
  /** person ('' for none) → their last record */
  #records: ReadonlyMap<string, number> = new Map()
  #isLooking = false

  constructor(deps: NewsSourcesDeps, book: NewsBook) {
    this.#deps = deps
    this.#book = book
  }

  start(): void {
    const { sandboxesMs, auditMs, systemMs } = { ...TIMING, ...this.#deps.timing }
    // also what changed while nobody listened: a page asks before it listens
    this.#lookAtSandboxes()
    void this.#lookAtAudit()
    this.#timers = [
      setInterval(() => this.#lookAtSandboxes(), sandboxesMs),
      setInterval(() => void this.#lookAtAudit(), auditMs),
      setInterval(() => this.#book.add('staff', ['system']), systemMs),
    ]
    for (const timer of this.#timers) timer.unref()
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#timers = []
  }

  #readSandboxes(): Map<string, { text: string; userId: string | null }> {
    return new Map(
      this.#deps.sandboxes
        .list()
        .map(({ id, userId, state, startedAt, lastFault }) => [
          id,
          { userId, text: JSON.stringify([state, startedAt, lastFault]) },
        ]),
    )
  }

  #lookAtSandboxes(): void {
    const [before, now] = [this.#sandboxes, this.#readSandboxes()]
    this.#sandboxes = now
    const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
      (id) => before.get(id)?.text !== now.get(id)?.text,
    )
    if (changed.length === 0) return
    this.#book.add('staff', ['sandboxes', 'servers'])
    const users = new Set(changed.map((id) => (now.get(id) ?? before.get(id))?.userId ?? null))
    for (const userId of users) this.#book.add(userId === null ? 'all' : { userId }, ['sandboxes', 'servers'])
  }

  async #lookAtAudit(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      const now = await this.#deps.store.readLatest()
      const before = this.#records
      this.#records = now
      const users = [...now].filter(([userId, at]) => (before.get(userId) ?? 0) < at).map(([userId]) => userId)
      if (users.length > 0) this.#book.add('staff', ['audit'])
      for (const userId of users) if (userId !== '') this.#book.add({ userId }, ['activity', 'sessions'])
    } catch (error) {
      this.#deps.onFault?.('look for new records of the audit', error)
    } finally {
      this.#isLooking = false
    }
  }
}
