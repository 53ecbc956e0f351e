// A POST or DELETE whose answer nobody waits for: notifications, answers to the server, the end of a session. Its body is thrown away.
import type { HttpController, HttpHandler } from '../../proxy/http.ts'

const DISCARDED_BYTES = 64 * 1024

/** `done` gets the status, or 0 when there was none. */
export class OneWay implements HttpHandler {
  readonly #done: (status: number) => void
  #status = 0
  #bytes = 0
  #told = false
  #timer: NodeJS.Timeout

  constructor(timeoutMs: number, done: (status: number) => void = () => undefined) {
    this.#done = done
    this.#timer = setTimeout(() => this.#expire(), timeoutMs)
    this.#timer.unref()
  }

  #controller: HttpController | null = null

  onRequestStart(controller: HttpController): void {
    this.#controller = controller
  }

  onResponseStart(_controller: HttpController, status: number): void {
    this.#status = status
  }

  onResponseData(controller: HttpController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > DISCARDED_BYTES) controller.abort(new Error('aborted'))
  }

  onResponseEnd(): void {
    this.#finish()
  }

  onResponseError(): void {
    this.#finish()
  }

  #expire(): void {
    this.#controller?.abort(new Error('aborted'))
    this.#finish()
  }

  #finish(): void {
    if (this.#told) return
    this.#told = true
    clearTimeout(this.#timer)
    this.#done(this.#status)
  }
}
