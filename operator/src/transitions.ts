// Events for conditions that changed, which people read below `kubectl describe`. Told of what the cache shows, so of what was written; of a
// new object only what does not hold, and never of mere progress. After a change of the leader nothing old is told again.
import { findCondition, keyOf, type Condition, type EventRecorder, type Resource, type Stored } from '@mcphub/kube'

interface WithConditions extends Stored {
  readonly status?: { readonly conditions?: readonly object[] | undefined } | undefined
}

/** On the way to something better. */
const PROGRESS: ReadonlySet<string> = new Set(['Filling', 'PolicyMissing'])

export class TransitionTeller {
  readonly #events: Pick<EventRecorder, 'record'>
  readonly #resource: Resource
  readonly #seen = new Map<string, readonly Condition[]>()

  constructor(events: Pick<EventRecorder, 'record'>, resource: Resource) {
    this.#events = events
    this.#resource = resource
  }

  /** With each look at an object. */
  tell(object: WithConditions): void {
    const key = keyOf(object)
    const after = (object.status?.conditions ?? []) as readonly Condition[]
    const before = this.#seen.get(key) ?? after
    this.#seen.set(key, after)
    for (const condition of after) this.#tellOne(object, findCondition(before, condition.type)?.status, condition)
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }

  #tellOne(object: Stored, before: string | undefined, { type, status, reason, message }: Condition): void {
    if (status === before || (before === undefined && status === 'True') || PROGRESS.has(reason)) return
    const kind = status === 'True' ? 'Normal' : 'Warning'
    const note = `${type} is ${status}: ${message}`
    this.#events.record(this.#resource, object, { type: kind, reason, action: type, note })
  }
}
