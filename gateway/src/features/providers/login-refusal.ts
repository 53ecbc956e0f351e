// Why somebody who came back from a provider does not come in. The fault is all that people are told; detail and cause are for the log.
import type { LoginFault } from '@mcphub/api'

interface Options {
  /** when it is worth trying again */
  readonly retryAfterSeconds?: number | null
  /** for whoever runs the hub; no value that a provider or a person sent but for an error's own code */
  readonly detail?: string
  readonly cause?: unknown
  /** whose sessions and calls ended with it */
  readonly ended?: string | null
}

const DETAIL_LENGTH = 256

export class LoginRefusal extends Error {
  readonly fault: LoginFault
  readonly retryAfterSeconds: number | null
  readonly detail: string | null
  readonly ended: string | null
  constructor(fault: LoginFault, { retryAfterSeconds = null, detail, cause, ended = null }: Options = {}) {
    super(`Not let in: ${fault}`, { cause })
    this.name = 'LoginRefusal'
    this.fault = fault
    this.retryAfterSeconds = retryAfterSeconds
    this.ended = ended
    this.detail = detail?.replaceAll(/[^ -~]/g, '?').slice(0, DETAIL_LENGTH) ?? null
  }
}

/** The one somewhere in a chain of causes: libraries wrap what a fetch throws. */
export function findRefusal(thrown: unknown): LoginRefusal | null {
  for (let error = thrown; error instanceof Error; error = error.cause) if (error instanceof LoginRefusal) return error
  return null
}

/** An error as OAuth names it: RFC 6749 §4.1.2.1 and §5.2. */
export function faultOfCode(error: string): LoginFault {
  if (error === 'access_denied') return 'cancelled'
  if (error === 'temporarily_unavailable' || error === 'server_error') return 'provider_busy'
  return error === 'invalid_grant' ? 'answer_not_valid' : 'provider_refused'
}
