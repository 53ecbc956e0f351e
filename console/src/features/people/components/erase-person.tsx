// Deletes a person for ever: says what goes with them, and wants their name typed.
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from 'react-router'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { toast } from '../../../ui/toast.tsx'
import type { Person } from './person.ts'

interface ErasePersonProps {
  readonly person: Person
  readonly onClose: () => void
}

export function ErasePerson({ person, onClose }: ErasePersonProps) {
  const t = useText('people')
  const navigate = useNavigate()
  const erase = useChange('deleteUser', {
    renews: ['people', 'keys', 'sessions', 'sandboxes'],
    onDone: () => {
      toast(t('erase.done'))
      void navigate('/admin/people')
    },
  })
  return (
    <ConfirmDialog
      title={t('erase.title', { name: person.username })}
      action={t('erase.open')}
      word={person.username}
      busy={erase.isPending}
      onClose={onClose}
      onConfirm={() => erase.mutate({ params: { id: person.id }, query: { mode: 'hard' } })}
    >
      <WhatGoes person={person} />
      {erase.error !== null && <Fault error={erase.error} />}
    </ConfirmDialog>
  )
}

function WhatGoes({ person }: { readonly person: Person }) {
  const t = useText('people')
  const { id, counts, accounts } = person
  const running = useQuery(queryOf('listAllSandboxes', { query: { userId: id } }))
  const parts = [
    t('goes.keys', { count: counts.keys }),
    t('goes.values', { count: counts.variables }),
    t('goes.groups', { count: counts.personalGroups }),
    t('goes.accounts', { count: accounts.length }),
    t('goes.sandboxes', { count: running.data?.items.length ?? 0 }),
  ]
  return (
    <div className="flex flex-col gap-2">
      <p>{t('erase.lead')}</p>
      <ul className="flex list-disc flex-col pl-5">
        {parts.map((part) => (
          <li key={part}>{part}</li>
        ))}
      </ul>
      <p>{t('erase.stays')}</p>
    </div>
  )
}
