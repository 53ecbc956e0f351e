// A person's role: what it allows, and a change of it, confirmed with what it means.
import { useState } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Section } from '../../../ui/page.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { toast } from '../../../ui/toast.tsx'
import { ROLES, stateOf, type Person, type Role } from './person.ts'

interface PersonRoleProps {
  readonly person: Person
  readonly activeAdmins: number | null
  readonly mayChange: boolean
}

export function PersonRole({ person, activeAdmins, mayChange }: PersonRoleProps) {
  const t = useText('people')
  const tell = useText('common')
  return (
    <Section title={t('role.label')} lead={t('role.lead')}>
      {mayChange ? (
        <RoleForm person={person} activeAdmins={activeAdmins} />
      ) : (
        <p>
          <span className="font-medium">{tell(`role.${person.role}`)}</span>
          <span className="block text-small text-muted">{tell(`mayDo.${person.role}`)}</span>
        </p>
      )}
    </Section>
  )
}

function RoleForm({ person, activeAdmins }: Omit<PersonRoleProps, 'mayChange'>) {
  const t = useText('people')
  const tell = useText('common')
  const [chosen, setChosen] = useState<Role | null>(null)
  const [isAsked, setAsked] = useState(false)
  const role = chosen ?? person.role
  const change = useChange('setUserRole', {
    renews: ['people'],
    onDone: () => {
      setChosen(null)
      toast(t('role.done'))
    },
  })
  const isOnlyOneLeft = person.role === 'admin' && stateOf(person) === 'active' && activeAdmins === 2
  return (
    <div className="flex max-w-sm flex-col gap-3">
      <SelectField
        label={t('role.choose')}
        help={tell(`mayDo.${role}`)}
        value={role}
        onChange={setChosen}
        options={ROLES.map((value) => ({ value, label: tell(`role.${value}`) }))}
      />
      <div>
        <Button disabled={role === person.role} busy={change.isPending} onClick={() => setAsked(true)}>
          {t('role.change')}
        </Button>
      </div>
      {change.error !== null && <Fault error={change.error} />}
      {isAsked && (
        <ConfirmDialog
          title={t('role.confirmTitle', { name: person.username, role: tell(`role.${role}`) })}
          action={t('role.change')}
          kind={role === 'admin' ? 'danger' : 'primary'}
          onClose={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false)
            change.mutate({ params: { id: person.id }, body: { role } })
          }}
        >
          <p>{tell(`mayDo.${role}`)}</p>
          <p>{t('role.endsSessions')}</p>
          {isOnlyOneLeft && role !== 'admin' && <p className="font-medium">{t('role.onlyYou')}</p>}
        </ConfirmDialog>
      )}
    </div>
  )
}
