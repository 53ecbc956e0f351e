// What a list is narrowed by, in one row that breaks on a phone, and the way back to all of it. The values stand in the address
// (lib/use-filters.ts), so that a link shows the same and "back" works.
import type { ReactNode } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { Button } from './button.tsx'

interface FilterBarProps {
  /** SearchBox, SelectField and the like */
  readonly children: ReactNode
  /** something is narrowed */
  readonly isActive: boolean
  readonly onReset: () => void
}

export function FilterBar({ children, isActive, onReset }: FilterBarProps) {
  const t = useText('common')
  return (
    <div className="flex flex-wrap items-end gap-3 *:min-w-40 *:flex-1 *:basis-44">
      {children}
      <Button className="max-w-max min-w-0!" disabled={!isActive} onClick={onReset}>
        {t('filter.reset')}
      </Button>
    </div>
  )
}
