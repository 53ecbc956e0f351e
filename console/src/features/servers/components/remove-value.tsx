// Takes a saved value away, once that was confirmed.
import { useState } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'

interface RemoveValueProps {
  readonly name: string
  readonly label: string
  readonly onDone: () => void
}

export function RemoveValue({ name, label, onDone }: RemoveValueProps) {
  const t = useText('servers')
  const [isAsked, setAsked] = useState(false)
  const remove = useChange('deleteUserVariable', { renews: ['variables', 'servers', 'tools'], onDone })
  return (
    <>
      <Button kind="danger" busy={remove.isPending} onClick={() => setAsked(true)}>
        {t('values.remove')}
      </Button>
      {remove.error !== null && <Fault error={remove.error} />}
      {isAsked && (
        <ConfirmDialog
          title={t('values.removeTitle', { name: label })}
          action={t('values.remove')}
          onClose={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false)
            remove.mutate({ params: { name } })
          }}
        >
          {t('values.removeWhy')}
        </ConfirmDialog>
      )}
    </>
  )
}
