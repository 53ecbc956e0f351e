// Writes statuses: only what changed, the last of several within a quarter of a second, and only onto the version that was looked at. A
// lost race is no fault: the object changed, so its key comes back to the controller and the status is made anew.
import { isDeepStrictEqual } from 'node:util'
import type { KubeClient } from './client.ts'
import { isConflict, isNotFound } from './kube-error.ts'
import { buildMergePatch } from './merge-patch.ts'
import { keyOf, type Resource, type Stored } from './objects.ts'

type Fields = Readonly<Record<string, unknown>>
export type WithStatus = Stored & { readonly status?: Fields | undefined }

export interface StatusWriterOptions {
  readonly client: KubeClient
  readonly resource: Resource
  /** how long a write waits for the next; default 250 ms */
  readonly delayMs?: number
  /** the object is to be looked at again */
  readonly onRetry: (key: string, error: unknown) => void
}

interface Waiting {
  readonly timer: NodeJS.Timeout
  object: WithStatus
  status: Fields
}

const DELAY_MS = 250

export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #waiting = new Map<string, Waiting>()
  readonly #writing = new Set<Promise<void>>()

  constructor(options: StatusWriterOptions) {
    this.#options = options
  }

  /** Soon, together with what follows; `urgent` at once, for what somebody waits for. Nothing at all when the object says it already. */
  write(object: WithStatus, status: Fields, { urgent = false } = {}): void {
    const key = keyOf(object)
    const waiting = this.#waiting.get(key)
    if (isDeepStrictEqual(object.status ?? {}, status)) return this.#drop(key)
    if (urgent) {
      this.#drop(key)
      this.#send(key, object, status)
    } else if (waiting) Object.assign(waiting, { object, status })
    else {
      const timer = setTimeout(() => this.#flush(key), this.#options.delayMs ?? DELAY_MS)
      this.#waiting.set(key, { timer, object, status })
    }
  }

  /** Sends what waits and resolves when all is written. */
  async stop(): Promise<void> {
    for (const key of [...this.#waiting.keys()]) this.#flush(key)
    await Promise.all(this.#writing)
  }

  #flush(key: string): void {
    const waiting = this.#waiting.get(key)
    this.#drop(key)
    if (waiting) this.#send(key, waiting.object, waiting.status)
  }

  #drop(key: string): void {
    clearTimeout(this.#waiting.get(key)?.timer)
    this.#waiting.delete(key)
  }

  #send(key: string, object: WithStatus, status: Fields): void {
    const writing = this.#patch(object, status)
      .catch((error: unknown) => {
        if (!isNotFound(error)) this.#options.onRetry(key, isConflict(error) ? null : error)
      })
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  async #patch(object: WithStatus, status: Fields): Promise<void> {
    const { client, resource } = this.#options
    const patch = buildMergePatch(object.status ?? {}, status)
    if (!patch) return
    const { resourceVersion, uid } = object.metadata
    const body = { metadata: { resourceVersion, uid }, status: patch }
    await client.patch(resource, object.metadata, { type: 'merge', body }, { subresource: 'status' })
  }
}
