// Events (events.k8s.io/v1) for people who read `kubectl describe`. What repeats becomes one event with a count, sent at most once per
// interval. Recording never fails and never makes anybody wait: an event that the server does not take is reported and forgotten.
import { randomUUID } from 'node:crypto'
import type { KubeClient } from './client.ts'
import { microTime } from './leader-elector.ts'
import { isNotFound } from './kube-error.ts'
import { EVENTS, apiVersionOf, type KubeObject, type Resource, type Stored } from './objects.ts'

export interface EventRecorderOptions {
  readonly client: KubeClient
  /** `example.com/widget-operator` */
  readonly controller: string
  /** of this replica */
  readonly instance: string
  /** between two writes about the same thing; default 60 s */
  readonly seriesMs?: number
  readonly onError?: (error: unknown) => void
}

export interface NewEvent {
  readonly type: 'Normal' | 'Warning'
  /** CamelCase: why */
  readonly reason: string
  /** CamelCase: what was done or tried */
  readonly action: string
  /** a sentence, 1 kB at most; never text from a stranger */
  readonly note: string
}

interface Series {
  readonly namespace: string
  readonly name: string
  count: number
  lastSeen: Date
  timer: NodeJS.Timeout | null
}

const SERIES_MS = 60_000
const NOTE_LIMIT = 1024
/** things said lately; beyond it the oldest is said as new when it repeats */
const SERIES_LIMIT = 4096

export class EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #series = new Map<string, Series>()
  readonly #writing = new Set<Promise<void>>()

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  record(resource: Resource, regarding: Stored, event: NewEvent): void {
    const key = [regarding.metadata.uid, event.type, event.reason, event.action, event.note].join('\n')
    const series = this.#series.get(key)
    if (!series) return this.#begin(key, resource, regarding, event)
    series.count++
    series.lastSeen = new Date()
    series.timer ??= setTimeout(() => this.#writeSeries(key, series), this.#options.seriesMs ?? SERIES_MS)
  }

  /** Writes the counts that wait. */
  async stop(): Promise<void> {
    for (const [key, series] of this.#series) if (series.timer) this.#writeSeries(key, series)
    await Promise.all(this.#writing)
  }

  #begin(key: string, resource: Resource, { metadata }: Stored, event: NewEvent): void {
    const { client, controller, instance } = this.#options
    const namespace = metadata.namespace ?? 'default'
    const name = `${metadata.name.slice(0, 200)}.${randomUUID().slice(0, 13)}`
    const now = new Date()
    this.#remember(key, { namespace, name, count: 1, lastSeen: now, timer: null })
    const object: KubeObject = {
      metadata: { namespace, name },
      eventTime: microTime(now),
      reportingController: controller,
      reportingInstance: instance,
      ...event,
      note: event.note.slice(0, NOTE_LIMIT),
      regarding: {
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
    }
    this.#send(client.create(EVENTS, object))
  }

  #remember(key: string, series: Series): void {
    this.#series.set(key, series)
    if (this.#series.size <= SERIES_LIMIT) return
    const [oldest, { timer }] = this.#series.entries().next().value!
    if (timer) clearTimeout(timer)
    this.#series.delete(oldest)
  }

  #writeSeries(key: string, series: Series): void {
    if (series.timer) clearTimeout(series.timer)
    series.timer = null
    const { count, lastSeen, namespace, name } = series
    const body = { series: { count, lastObservedTime: microTime(lastSeen) } }
    const writing = this.#options.client.patch(EVENTS, { namespace, name }, { type: 'merge', body })
    // the API server forgets events after an hour: the next one begins a new series
    this.#send(
      writing.catch((error: unknown) => (isNotFound(error) ? this.#series.delete(key) : Promise.reject(error))),
    )
  }

  #send(call: Promise<unknown>): void {
    const writing = call
      .then(
        () => undefined,
        (error: unknown) => this.#options.onError?.(error),
      )
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }
}
