// At most so many discoveries at once: starting every server of the catalogue together would starve the calls.
export class JobLimiter {
  readonly #limit: number
  readonly #waiting: (() => Promise<void>)[] = []
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** `job` never rejects. */
  add(job: () => Promise<void>): void {
    this.#waiting.push(job)
    this.#next()
  }

  #next(): void {
    while (this.#running < this.#limit) {
      const job = this.#waiting.shift()
      if (job === undefined) return
      this.#running++
      void job().finally(() => {
        this.#running--
        this.#next()
      })
    }
  }
}
