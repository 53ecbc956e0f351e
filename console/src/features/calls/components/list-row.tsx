// One of several places that people add and take away.
import type { ReactNode } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { IconButton } from '../../../ui/button.tsx'

interface ListRowProps {
  readonly label: string
  readonly onRemove: () => void
  readonly children: ReactNode
}

export function ListRow({ label, onRemove, children }: ListRowProps) {
  const t = useText('calls')
  return (
    <div className="flex items-start gap-2 border-l-2 border-line pl-3">
      <div className="flex min-w-0 flex-1 flex-col gap-2">{children}</div>
      <IconButton icon="close" label={t('remove', { name: label })} onClick={onRemove} />
    </div>
  )
}
