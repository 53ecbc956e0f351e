// What a list is narrowed by, kept in the address: const { filters, set, reset } = useFilters(['q', 'outcome']).
import { useSearchParams } from 'react-router'

export interface Filters<Name extends string> {
  /** empty where it is not narrowed by it */
  readonly filters: Readonly<Record<Name, string>>
  readonly isActive: boolean
  /** an empty text takes it away */
  readonly set: (change: Readonly<Partial<Record<Name, string>>>) => void
  readonly reset: () => void
}

export function useFilters<Name extends string>(names: readonly Name[]): Filters<Name> {
  const [params, setParams] = useSearchParams()
  const filters = Object.fromEntries(names.map((name) => [name, params.get(name) ?? ''])) as Record<Name, string>
  const set = (change: Readonly<Partial<Record<Name, string>>>): void =>
    setParams(
      (before) => {
        for (const [name, value] of Object.entries<string | undefined>(change)) {
          if (value) before.set(name, value)
          else before.delete(name)
        }
        return before
      },
      { replace: true },
    )
  const reset = (): void => set(Object.fromEntries(names.map((name) => [name, ''])) as Record<Name, string>)
  return { filters, isActive: names.some((name) => filters[name] !== ''), set, reset }
}
