// Events for conditions that changed: what people read below `kubectl describe`. Only a change of a status is told, and of a new object only
// what does not hold.
import { findCondition, type Condition, type EventRecorder, type Resource, type Stored } from '@mcphub/kube'

export interface Transition {
  readonly resource: Resource
  readonly object: Stored
  readonly before: readonly Condition[]
  readonly after: readonly Condition[]
}

export function recordTransitions(events: Pick<EventRecorder, 'record'>, transition: Transition): void {
  const { resource, object, before, after } = transition
  for (const { type, status, reason, message } of after) {
    const known = findCondition(before, type)?.status
    if (known === status || (known === undefined && status === 'True')) continue
    const kind = status === 'True' ? 'Normal' : 'Warning'
    events.record(resource, object, { type: kind, reason, action: type, note: `${type} is ${status}: ${message}` })
  }
}
