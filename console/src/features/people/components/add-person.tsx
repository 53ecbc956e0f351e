// Makes a person and, in the same go, the link they log in with for the first time.
import { useId, useState, type SubmitEvent } from 'react'
import { useNavigate } from 'react-router'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Fault, useFieldFault } from '../../../ui/fault.tsx'
import { TextField } from '../../../ui/field.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { ApiFault } from '../../../lib/api/fault.ts'
import { LinkShown } from './link-shown.tsx'
import { ROLES, type Role } from './person.ts'

interface AddPersonProps {
  readonly onClose: () => void
}

export function AddPerson({ onClose }: AddPersonProps) {
  const t = useText('people')
  const invite = useChange('inviteUser')
  const create = useChange('createUser', {
    renews: ['people'],
    onDone: ({ id }) => invite.mutate({ params: { id } }),
  })
  const made = create.data
  if (made === undefined) return <PersonForm create={create} onClose={onClose} />
  return (
    <Dialog
      title={t('add.doneTitle', { name: made.username })}
      onClose={onClose}
      actions={<Close onClose={onClose} id={made.id} />}
    >
      <p>{t('add.done')}</p>
      {invite.error !== null && (
        <Fault error={invite.error} onRetry={() => invite.mutate({ params: { id: made.id } })} />
      )}
      {invite.data !== undefined && <LinkShown {...invite.data} />}
    </Dialog>
  )
}

function Close({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const t = useText('people')
  const tell = useText('common')
  const navigate = useNavigate()
  return (
    <>
      <Button
        onClick={() => {
          onClose()
          void navigate(`/admin/people/${id}`)
        }}
      >
        {t('add.toPerson')}
      </Button>
      <Button kind="primary" onClick={onClose}>
        {tell('close')}
      </Button>
    </>
  )
}

interface PersonFormProps extends AddPersonProps {
  readonly create: ReturnType<typeof useChange<'createUser'>>
}

function PersonForm({ create, onClose }: PersonFormProps) {
  const t = useText('people')
  const tell = useText('common')
  const fieldFault = useFieldFault()
  const form = useId()
  const [username, setUsername] = useState('')
  const [role, setRole] = useState<Role>('member')
  const send = (event: SubmitEvent): void => {
    event.preventDefault()
    create.mutate({ body: { username: username.trim(), role } })
  }
  const { error } = create
  const isTaken = error instanceof ApiFault && error.reason === 'nameTaken'
  const nameFault = isTaken ? t('add.taken') : fieldFault(error, 'username', t('add.badName'))
  return (
    <Dialog
      title={t('add.title')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{tell('cancel')}</Button>
          <Button type="submit" form={form} kind="primary" busy={create.isPending}>
            {t('add.create')}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={send} className="flex flex-col gap-4">
        <TextField
          label={t('add.name')}
          help={t('add.nameHelp')}
          fault={nameFault}
          value={username}
          onChange={setUsername}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          required
        />
        <SelectField
          label={t('role.label')}
          help={tell(`mayDo.${role}`)}
          value={role}
          onChange={setRole}
          options={ROLES.map((value) => ({ value, label: tell(`role.${value}`) }))}
        />
        {error !== null && nameFault === null && <Fault error={error} />}
      </form>
    </Dialog>
  )
}
