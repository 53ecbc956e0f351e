// At most so many discoveries at once: starting every server of the catalogue together would starve the calls. One that takes long steps aside:
// waiting costs nothing, and servers that hang must not keep the others from being found.
export class JobLimiter {
  readonly #limit: number
  readonly #slowMs: number
  readonly #waiting: (() => Promise<void>)[] = []
  #running = 0

  constructor(limit: number, slowMs: number) {
    this.#limit = limit
    this.#slowMs = slowMs
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
      let isCounted = true
      const giveBack = () => {
        if (!isCounted) return
        isCounted = false
        clearTimeout(timer)
        this.#running--
        this.#next()
      }
      const timer = setTimeout(giveBack, this.#slowMs)
      timer.unref()
      void job().finally(giveBack)
    }
  }
}
