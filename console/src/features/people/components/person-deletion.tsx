// Deletes a person: softly, with a way back, or for ever. And the way back.
import { useState } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Section } from '../../../ui/page.tsx'
import { toast } from '../../../ui/toast.tsx'
import { ErasePerson } from './erase-person.tsx'
import { stateOf, type Person } from './person.ts'

interface PersonDeletionProps {
  readonly person: Person
  readonly isBarred: boolean
}

export function PersonDeletion({ person, isBarred }: PersonDeletionProps) {
  const t = useText('people')
  const [isErasing, setErasing] = useState(false)
  const isDeleted = stateOf(person) === 'deleted'
  return (
    <Section title={t('delete.title')} lead={isDeleted ? t('delete.isDeleted') : t('delete.lead')}>
      <div className="flex flex-wrap gap-2">
        {isDeleted ? <Restore person={person} /> : <SoftDelete person={person} isBarred={isBarred} />}
        <Button kind="danger" disabled={isBarred} onClick={() => setErasing(true)}>
          {t('erase.open')}
        </Button>
      </div>
      {isErasing && <ErasePerson person={person} onClose={() => setErasing(false)} />}
    </Section>
  )
}

function SoftDelete({ person, isBarred }: PersonDeletionProps) {
  const t = useText('people')
  const [isAsked, setAsked] = useState(false)
  const remove = useChange('deleteUser', {
    renews: ['people', 'keys', 'sessions', 'sandboxes'],
    onDone: () => toast(t('delete.done')),
  })
  return (
    <>
      <Button kind="danger" disabled={isBarred} busy={remove.isPending} onClick={() => setAsked(true)}>
        {t('delete.open')}
      </Button>
      {remove.error !== null && <Fault error={remove.error} />}
      {isAsked && (
        <ConfirmDialog
          title={t('delete.confirmTitle', { name: person.username })}
          action={t('delete.open')}
          onClose={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false)
            remove.mutate({ params: { id: person.id }, query: { mode: 'soft' } })
          }}
        >
          {t('delete.confirm')}
        </ConfirmDialog>
      )}
    </>
  )
}

function Restore({ person }: { readonly person: Person }) {
  const t = useText('people')
  const restore = useChange('restoreUser', { renews: ['people'], onDone: () => toast(t('restore.done')) })
  return (
    <>
      <Button kind="primary" busy={restore.isPending} onClick={() => restore.mutate({ params: { id: person.id } })}>
        {t('restore.open')}
      </Button>
      {restore.error !== null && <Fault error={restore.error} />}
    </>
  )
}
