// Asks before a key is revoked: there is no way back.
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { toast } from '../../../ui/toast.tsx'
import type { Key } from './key-table.tsx'

interface RevokeDialogProps {
  readonly item: Key
  readonly onClose: () => void
}

export function RevokeDialog({ item: { id, name }, onClose }: RevokeDialogProps) {
  const t = useText('keys')
  const revoke = useChange('revokeKey', {
    renews: ['keys'],
    onDone: () => {
      toast(t('revoked', { name }))
      onClose()
    },
  })
  return (
    <ConfirmDialog
      title={t('revokeTitle', { name })}
      action={t('revoke')}
      busy={revoke.isPending}
      onConfirm={() => revoke.mutate({ params: { id } })}
      onClose={onClose}
    >
      <p>{t('revokeWhy')}</p>
      {revoke.isError && <Fault error={revoke.error} />}
    </ConfirmDialog>
  )
}
