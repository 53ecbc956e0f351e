// All checks over one set of facts, in a fixed order.
import { findSaid, type CheckResponse } from '@mcphub/api'
import { type DoctorCheck, HOST_CHECKS } from './checks.ts'
import type { DoctorFacts } from './facts.ts'
import { type CheckedFact, DOOR_CHECKS, checkProviders } from './door-checks.ts'
import { RUNTIME_CHECKS } from './runtime-checks.ts'

export const DOCTOR_CHECKS: readonly DoctorCheck[] = [...HOST_CHECKS, ...RUNTIME_CHECKS, ...DOOR_CHECKS]

export function runChecks(facts: DoctorFacts): CheckResponse[] {
  const checks = DOCTOR_CHECKS.filter(({ only }) => only === undefined || only === facts.mode)
  const found = checks.map(({ id, title, severity, fine, find }): CheckedFact => {
    const finding = find(facts)
    return finding === null
      ? { id, title, severity, ok: true, message: fine(facts), fix: null }
      : { id, title, severity, ok: false, message: finding.message, fix: finding.fix }
  })
  return [...found, ...checkProviders(facts)].map((check) => ({
    ...check,
    said: findSaid(check.message),
    fixSaid: check.fix === null ? [] : findSaid(check.fix),
  }))
}
