// Liveness (the process answers) and readiness (it may be sent work): named checks, readiness drops first when the hub stops (GW-14).
import { LIMITS } from '@mcphub/api'

export interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly message: string
}

export interface Readiness {
  readonly ready: boolean
  readonly state: 'starting' | 'ready' | 'degraded' | 'stopping'
  readonly checks: readonly CheckResult[]
}

/** Resolves when all is well, rejects (or throws) otherwise; the returned text is shown to people. */
export type Check = () => string | void | Promise<string | void>

export interface Health {
  addCheck(name: string, check: Check): void
  /** Everything is started: readiness now follows the checks. */
  started(): void
  /** From now on not ready, whatever the checks say. */
  stopping(): void
  readiness(): Promise<Readiness>
}

const CHECK_MS = 2000

/** Checks run at most once per `cacheMs`, however often a prober asks; a check that hangs counts as failed. */
export function createHealth(options: { readonly cacheMs?: number; readonly checkMs?: number } = {}): Health {
  const checks = new Map<string, Check>()
  const cacheMs = options.cacheMs ?? LIMITS.epochPollMs
  const checkMs = options.checkMs ?? CHECK_MS
  let phase: 'starting' | 'running' | 'stopping' = 'starting'
  let cached: { readonly at: number; readonly results: Promise<CheckResult[]> } | null = null

  const runChecks = () => Promise.all([...checks].map(([name, check]) => runCheck(name, check, checkMs)))
  return {
    addCheck: (name, check) => void checks.set(name, check),
    started() {
      if (phase === 'starting') phase = 'running'
    },
    stopping() {
      phase = 'stopping'
    },
    async readiness() {
      const now = performance.now()
      if (cached === null || now - cached.at >= cacheMs) cached = { at: now, results: runChecks() }
      const results = await cached.results
      const passed = results.every((result) => result.ok)
      const state = phase === 'running' ? (passed ? 'ready' : 'degraded') : phase
      return { ready: state === 'ready', state, checks: results }
    },
  }
}

async function runCheck(name: string, check: Check, limitMs: number): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('late')), limitMs)
  })
  try {
    const message = await Promise.race([Promise.resolve().then(check), late])
    return { name, ok: true, message: message ?? 'ok' }
  } catch {
    // the fault's own text may quote a connection URL; the log has it, the prober needs only the name
    return { name, ok: false, message: 'failed' }
  } finally {
    clearTimeout(timer)
  }
}
