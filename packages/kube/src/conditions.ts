// Conditions as the API conventions want them: one per type, the transition time changes with the status alone, and saying the same again
// changes nothing, so that no write follows.

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  /** CamelCase, for programs */
  readonly reason: string
  /** a sentence, for people */
  readonly message: string
  /** RFC 3339, whole seconds */
  readonly lastTransitionTime: string
  /** of the object that was looked at */
  readonly observedGeneration?: number
}

export type NewCondition = Omit<Condition, 'lastTransitionTime'>

/** The very same list when nothing changed. */
export function setCondition(conditions: readonly Condition[], wanted: NewCondition, now: Date): readonly Condition[] {
  const known = findCondition(conditions, wanted.type)
  if (!known) return [...conditions, { ...wanted, lastTransitionTime: timeOf(now) }]
  if (isSaid(known, wanted)) return conditions
  const lastTransitionTime = known.status === wanted.status ? known.lastTransitionTime : timeOf(now)
  return conditions.map((one) => (one === known ? { ...wanted, lastTransitionTime } : one))
}

export function findCondition(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((one) => one.type === type)
}

export function isTrue(conditions: readonly Condition[], type: string): boolean {
  return findCondition(conditions, type)?.status === 'True'
}

function isSaid(known: Condition, wanted: NewCondition): boolean {
  const fields = ['status', 'reason', 'message', 'observedGeneration'] as const
  return fields.every((field) => known[field] === wanted[field])
}

const timeOf = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z')
