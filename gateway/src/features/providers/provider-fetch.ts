// The way to the providers people log in with: through the proxy and with the certificate authorities of the configuration, no redirect
// followed, an end after ten seconds, at most one mebibyte. What the network or the provider's state makes impossible is told apart from
// what the provider says.
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { EnvHttpProxyAgent, fetch as send } from 'undici'
import { LoginRefusal } from './login-refusal.ts'

export type ProviderFetch = typeof globalThis.fetch

export interface ProviderRoute {
  /** proxy for https; null: none */
  readonly url: string | null
  /** hosts that are reached without it */
  readonly noProxy: string | null
  /** file with more certificate authorities */
  readonly extraCaFile: string | null
}

const TIMEOUT_MS = 10_000
const ANSWER_BYTES = 1024 * 1024
/** logins are rare, and a program ends sooner without open connections */
const KEEP_ALIVE_MS = 1_000

export function createProviderFetch(
  { url, noProxy, extraCaFile }: ProviderRoute,
  timeoutMs = TIMEOUT_MS,
): ProviderFetch {
  const tls = extraCaFile === null ? {} : { ca: [...rootCertificates, readFileSync(extraCaFile, 'utf8')] }
  const dispatcher = new EnvHttpProxyAgent({
    // empty strings, because undici would read the process' environment instead of what was configured
    ...{ httpProxy: '', httpsProxy: url ?? '', noProxy: noProxy ?? '' },
    ...{ keepAliveTimeout: KEEP_ALIVE_MS, maxResponseSize: ANSWER_BYTES },
    ...{ connect: { timeout: timeoutMs, ...tls }, requestTls: tls },
  })
  const request = async (input: unknown, init: RequestInit = {}): Promise<unknown> => {
    const end = AbortSignal.timeout(timeoutMs)
    const signal = init.signal ? AbortSignal.any([init.signal, end]) : end
    // the same standard in two declarations, that of Node and that of undici
    return send(input as string, { ...init, signal, redirect: 'manual', dispatcher } as Parameters<typeof send>[1])
  }
  return request as ProviderFetch
}

/** @throws LoginRefusal `provider_unreachable`, `provider_busy` with the time the provider names */
export function telling(fetch: ProviderFetch): ProviderFetch {
  return async (input, init) => {
    const answer = await fetch(input, init).catch((thrown: unknown) => {
      throw new LoginRefusal('provider_unreachable', { cause: thrown })
    })
    if (!isBusy(answer)) return answer
    await answer.body?.cancel()
    throw new LoginRefusal('provider_busy', {
      retryAfterSeconds: readWait(answer.headers, Date.now()),
      detail: `answered ${answer.status}`,
    })
  }
}

/** GitHub says 403 as well where a limit is reached; any other 403 is about the person. */
function isBusy({ status, headers }: Response): boolean {
  if (status >= 500 || status === 429) return true
  return status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0')
}

const HOUR_SECONDS = 3_600

/** Seconds, at most an hour; null where nothing is said. */
export function readWait(headers: Pick<Headers, 'get'>, now: number): number | null {
  const after = headers.get('retry-after')
  const reset = headers.get('x-ratelimit-reset')
  const seconds = after !== null ? readRetryAfter(after, now) : reset !== null ? Number(reset) - now / 1000 : NaN
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 1), HOUR_SECONDS) : null
}

/** RFC 9110 §10.2.3: seconds, or a date. */
const readRetryAfter = (text: string, now: number): number =>
  /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000
