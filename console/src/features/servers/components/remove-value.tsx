// Takes a saved value away, once that was confirmed.
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { RemoveButton } from '../../../ui/remove-button.tsx'

interface RemoveValueProps {
  readonly name: string
  readonly label: string
  readonly onDone: () => void
}

export function RemoveValue({ name, label, onDone }: RemoveValueProps) {
  const t = useText('servers')
  const remove = useChange('deleteUserVariable', { renews: ['variables', 'servers', 'tools'], onDone })
  return (
    <RemoveButton
      text={t('values.remove')}
      title={t('values.removeTitle', { name: label })}
      busy={remove.isPending}
      error={remove.error}
      onRemove={() => remove.mutate({ params: { name } })}
    >
      {t('values.removeWhy')}
    </RemoveButton>
  )
}
