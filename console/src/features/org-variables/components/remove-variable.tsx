// Takes a value of the organisation away, once it was said which servers stop working by it.
import { useState } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { toast } from '../../../ui/toast.tsx'

interface RemoveVariableProps {
  readonly name: string
  readonly servers: readonly string[]
}

export function RemoveVariable({ name, servers }: RemoveVariableProps) {
  const t = useText('org-variables')
  const [isAsked, setAsked] = useState(false)
  const remove = useChange('deleteOrgVariable', {
    renews: ['variables', 'servers', 'tools'],
    onDone: () => toast(t('removed')),
  })
  return (
    <>
      <Button
        kind="danger"
        busy={remove.isPending}
        aria-label={t('removeNamed', { name })}
        onClick={() => setAsked(true)}
      >
        {t('remove')}
      </Button>
      {remove.error !== null && <Fault error={remove.error} />}
      {isAsked && (
        <ConfirmDialog
          title={t('removeTitle', { name })}
          action={t('remove')}
          onClose={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false)
            remove.mutate({ params: { name } })
          }}
        >
          {servers.length === 0 ? t('removeUnused') : t('removeUsed', { servers })}
        </ConfirmDialog>
      )}
    </>
  )
}
