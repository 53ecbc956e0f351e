// What a person or a script is told when a command fails: one sentence, the fix, the request id, and an exit code that can be trusted.
import { ERROR_FACES, EXIT_CODES } from '@mcphub/api'
import type { ErrorCode, FieldFault, Problem } from '@mcphub/api'

export interface FaultFacts {
  readonly exit: number
  /** the hub's error code, or one of the CLI's own: usage, unreachable, not_understood, cancelled */
  readonly code: string
  readonly fix?: string
  readonly requestId?: string
  readonly faults?: readonly FieldFault[]
}

/** The message holds no key and no value of a variable. */
export class CliFault extends Error {
  readonly facts: FaultFacts
  constructor(message: string, facts: FaultFacts, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'CliFault'
    this.facts = facts
  }
}

export function usageFault(message: string, fix?: string): CliFault {
  return new CliFault(message, { exit: EXIT_CODES.usage, code: 'usage', ...(fix ? { fix } : {}) })
}

export function notFound(message: string, fix?: string): CliFault {
  return new CliFault(message, { exit: EXIT_CODES.notFound, code: 'not_found', ...(fix ? { fix } : {}) })
}

const FIXES: Partial<Record<ErrorCode, string>> = {
  unauthenticated:
    'Give a key: `mcphub login`, --key-file or MCPHUB_KEY. The first one comes from `mcphub setup <link>`, others from `mcphub keys create`.',
  database_unavailable: 'The hub cannot reach its database; try again, and see `mcphub doctor`.',
}

export function problemFault(problem: Problem): CliFault {
  const face = ERROR_FACES[problem.code]
  const fix = FIXES[problem.code]
  return new CliFault(problem.detail, {
    exit: face.exit,
    code: problem.code,
    requestId: problem.requestId,
    ...(problem.faults ? { faults: problem.faults } : {}),
    ...(fix ? { fix } : {}),
  })
}

/** Lines for stderr. */
export function describeFault(fault: CliFault): string {
  const { faults = [], fix, requestId } = fault.facts
  return [
    `mcphub: ${fault.message}`,
    ...faults.map(({ field, message }) => `  ${field}: ${message}`),
    ...(fix ? [`  ${fix}`] : []),
    ...(requestId ? [`  request id: ${requestId}`] : []),
  ].join('\n')
}

/** One JSON object for stderr under --json. */
export function faultJson(fault: CliFault): string {
  const { exit, code, fix = null, requestId = null, faults = [] } = fault.facts
  return JSON.stringify({ error: { code, message: fault.message, exit, fix, requestId, faults } })
}
