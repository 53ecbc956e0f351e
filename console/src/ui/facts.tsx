// What is known of one thing, each with its name: a list of terms, beside each other on a desk, below each other on a phone.
import type { ReactNode } from 'react'

export interface Fact {
  readonly label: string
  readonly value: ReactNode
}

interface FactsProps {
  /** null is left out: it is not known, or does not apply */
  readonly facts: readonly (Fact | null)[]
}

export function Facts({ facts }: FactsProps) {
  return (
    <dl className="grid gap-x-6 gap-y-2 md:grid-cols-[max-content_1fr]">
      {facts
        .filter((fact) => fact !== null)
        .map(({ label, value }) => (
          <div key={label} className="contents">
            <dt className="text-muted max-md:text-small">{label}</dt>
            <dd className="min-w-0 max-md:mb-2">{value}</dd>
          </div>
        ))}
    </dl>
  )
}
