// Takes a value of the organisation away, once it was said which servers stop working by it.
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { RemoveButton } from '../../../ui/remove-button.tsx'
import { toast } from '../../../ui/toast.tsx'

interface RemoveVariableProps {
  readonly name: string
  readonly servers: readonly string[]
}

export function RemoveVariable({ name, servers }: RemoveVariableProps) {
  const t = useText('org-variables')
  const remove = useChange('deleteOrgVariable', {
    renews: ['variables', 'servers', 'tools'],
    onDone: () => toast(t('removed')),
  })
  return (
    <RemoveButton
      text={t('remove')}
      label={t('removeNamed', { name })}
      title={t('removeTitle', { name })}
      busy={remove.isPending}
      error={remove.error}
      onRemove={() => remove.mutate({ params: { name } })}
    >
      {servers.length === 0 ? t('removeUnused') : t('removeUsed', { servers })}
    </RemoveButton>
  )
}
