// When discoveries run: one at a time for each (server, owner), few at once, later and later after failures, once more when the server
// changed meanwhile. What one does is given from outside.
import { toHubError, type HubError } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import { JobLimiter } from './job-limiter.ts'

export interface DiscoveryTask {
  readonly server: CatalogServer
  /** who starts the server; null = a start without anybody's values */
  readonly principal: Principal | null
  /** to whom the outcome belongs; null = shared */
  readonly userId: string | null
  /** what it was learned from has changed: what another replica knows is no answer */
  readonly anew?: true
}

export interface DiscoveryJobsDeps {
  readonly run: (task: DiscoveryTask, signal: AbortSignal) => Promise<void>
  /** `isNews`: it failed for another reason than last time */
  readonly onFailure: (task: DiscoveryTask, fault: HubError, facts: { retryInMs: number; isNews: boolean }) => void
  /** time to try a shared discovery again */
  readonly onRetry: (task: DiscoveryTask) => void
  readonly backOffMs: number
}

interface Job {
  running: Promise<void> | null
  /** null once it has begun */
  begin: (() => Promise<void>) | null
  launchedAt: number
  /** to be done once more right after */
  again: boolean
  failures: number
  notBefore: number
  fault: string | null
  timer: NodeJS.Timeout | null
  timerAt: number
}

const BACKGROUND = 2
const FOREGROUND = 4
const RUN_MS = 60_000
/** a server that starts at all has mostly answered by then */
const SLOW_MS = 3_000
const BACK_OFF_LIMIT_MS = 300_000
const COMING_LIMIT_MS = 10_000
const COMING: ReadonlySet<string> = new Set(['server_unavailable', 'sandbox_starting'])
const REPEAT_PAUSE_MS = 200

export class DiscoveryJobs {
  readonly #deps: DiscoveryJobsDeps
  readonly #jobs = new Map<string, Job>()
  readonly #limiters = {
    background: new JobLimiter(BACKGROUND, SLOW_MS),
    foreground: new JobLimiter(FOREGROUND, SLOW_MS),
  }
  readonly #stopping = new AbortController()

  constructor(deps: DiscoveryJobsDeps) {
    this.#deps = deps
  }

  stop(): void {
    this.#stopping.abort()
    for (const job of this.#jobs.values()) if (job.timer !== null) clearTimeout(job.timer)
  }

  /** The running discovery; null while the back-off of a failed one lasts. Never rejects. */
  launch(task: DiscoveryTask, urgency: 'background' | 'foreground'): Promise<void> | null {
    const job = this.#job(task.server.name, task.userId)
    const start = () => job.begin?.() ?? Promise.resolve()
    if (job.running !== null) {
      // Somebody waits now for what the background had put in its queue.
      if (urgency === 'foreground' && job.begin !== null) this.#limiters.foreground.add(start)
      return job.running
    }
    if (job.notBefore > performance.now() || this.#stopping.signal.aborted) return null
    job.launchedAt = performance.now()
    job.running = new Promise((resolve) => {
      job.begin = async () => {
        job.begin = null
        await this.#run(task, job)
        job.running = null
        resolve()
        if (job.again) this.#repeatSoon(task, job)
      }
    })
    this.#limiters[urgency].add(start)
    return job.running
  }

  /** Nobody waits again for what has failed before or was launched longer than `waitMs` ago. */
  isWorthWaiting({ server, userId }: DiscoveryTask, waitMs: number): boolean {
    const job = this.#job(server.name, userId)
    return job.failures === 0 && job.launchedAt >= performance.now() - waitMs
  }

  faultOf(server: string, userId: string | null): string | null {
    return this.#jobs.get(keyOf(server, userId))?.fault ?? null
  }

  /** Something changed: the next launch need not wait for the back-off. */
  forgive(server: string, userId: string | null): void {
    const job = this.#jobs.get(keyOf(server, userId))
    if (job !== undefined) job.notBefore = 0
  }

  forgiveServer(server: string): void {
    for (const [key, job] of this.#jobs) if (key.startsWith(`${server}\n`)) job.notBefore = 0
  }

  /** The server's lists changed: look once more, soon, however often it says so. */
  repeat(task: DiscoveryTask): void {
    const job = this.#job(task.server.name, task.userId)
    if (job.running === null) this.#repeatSoon(task, job)
    else job.again = true
  }

  async #run(task: DiscoveryTask, job: Job): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(RUN_MS)])
    try {
      await this.#deps.run(task, signal)
      Object.assign(job, { failures: 0, notBefore: 0, fault: null })
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#onFailure(task, job, toHubError(error))
    }
  }

  #onFailure(task: DiscoveryTask, job: Job, fault: HubError): void {
    // A package still being installed or a sandbox still starting is no fault to back off from.
    const limit = COMING.has(fault.code) ? COMING_LIMIT_MS : BACK_OFF_LIMIT_MS
    const retryInMs = Math.min(this.#deps.backOffMs * 2 ** job.failures, limit)
    const isNews = job.fault !== fault.message
    Object.assign(job, { failures: job.failures + 1, notBefore: performance.now() + retryInMs, fault: fault.message })
    this.#deps.onFailure(task, fault, { retryInMs, isNews })
    if (task.principal !== null) return
    this.#later(job, retryInMs, () => {
      // a timer may be a millisecond early by the other clock: it must not end the retries for good
      job.notBefore = 0
      this.#deps.onRetry(task)
    })
  }

  #repeatSoon(task: DiscoveryTask, job: Job): void {
    job.again = false
    job.notBefore = 0
    this.#later(job, REPEAT_PAUSE_MS, () => void this.launch(task, 'background'))
  }

  #later(job: Job, ms: number, what: () => void): void {
    const at = performance.now() + ms
    if (job.timer !== null && job.timerAt <= at) return
    if (job.timer !== null) clearTimeout(job.timer)
    job.timerAt = at
    job.timer = setTimeout(() => {
      job.timer = null
      what()
    }, ms)
    job.timer.unref()
  }

  #job(server: string, userId: string | null): Job {
    const key = keyOf(server, userId)
    const known = this.#jobs.get(key)
    if (known !== undefined) return known
    const job: Job = {
      running: null,
      begin: null,
      launchedAt: 0,
      again: false,
      failures: 0,
      notBefore: 0,
      fault: null,
      timer: null,
      timerAt: 0,
    }
    this.#jobs.set(key, job)
    return job
  }
}

function keyOf(server: string, userId: string | null): string {
  return `${server}\n${userId ?? ''}`
}
