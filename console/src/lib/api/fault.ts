// What went wrong with a call: the hub's problem document, or that there was no answer at all.
import type { ErrorCode, FieldFault, Problem, Reason, Said } from '@mcphub/api'

/** `unreachable`: no answer came. `unreadable`: an answer that is not the hub's; something stands in between. */
export type FaultCode = ErrorCode | 'unreachable' | 'unreadable'

export class ApiFault extends Error {
  override readonly name = 'ApiFault'
  readonly code: FaultCode
  /** 0: no answer */
  readonly status: number
  /** the message as codes */
  readonly said: Said
  readonly requestId: string | null
  readonly faults: readonly FieldFault[]
  readonly retryAfterSeconds: number | null
  readonly data: Readonly<Record<string, unknown>>
  /** why, where the code alone would leave a person in the dark; other reasons are for who asked for them */
  readonly reason: Reason | null
  /** when it was */
  readonly at = Date.now()

  constructor(code: FaultCode, facts: Partial<Omit<Problem, 'code'>> & { readonly retryAfterSeconds?: number | null }) {
    super(facts.detail ?? code)
    this.code = code
    this.status = facts.status ?? 0
    this.said = facts.said ?? []
    this.requestId = facts.requestId ?? null
    this.faults = facts.faults ?? []
    this.retryAfterSeconds = facts.retryAfterSeconds ?? null
    this.data = facts.data ?? {}
    this.reason = readReason(this.data['reason'])
  }
}

/** A pod and a manifest have reasons of their own, for which there are no words here. */
const readReason = (given: unknown): Reason | null =>
  typeof given === 'string' && Object.hasOwn(REASONS, given) ? (given as Reason) : null

const REASONS: Readonly<Record<Reason, true>> = {
  wrongPassword: true,
  tooManyTries: true,
  linkNotValid: true,
  setupLinkNotValid: true,
  needsHttps: true,
  localLoginOff: true,
  lastWayIn: true,
  foreignPage: true,
  wrongCurrentPassword: true,
  passwordCommon: true,
  passwordRepeats: true,
  passwordIsName: true,
  lastAdmin: true,
  notOneself: true,
  userDeleted: true,
  userNotActive: true,
  nameTaken: true,
  providerFromConfig: true,
  providerChanged: true,
  secretNeeded: true,
  secretAgain: true,
}

export const isFault = (thrown: unknown, code: FaultCode): boolean => thrown instanceof ApiFault && thrown.code === code

export async function readFault(response: Response): Promise<ApiFault> {
  const retryAfterSeconds = Number(response.headers.get('retry-after')) || null
  const problem = await readProblem(response)
  if (problem === null) return new ApiFault('unreadable', { status: response.status, retryAfterSeconds })
  return new ApiFault(problem.code, { ...problem, retryAfterSeconds })
}

async function readProblem(response: Response): Promise<Problem | null> {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return null
  try {
    return (await response.json()) as Problem
  } catch {
    return null
  }
}
