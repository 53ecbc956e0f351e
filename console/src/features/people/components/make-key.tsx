// Makes a key for somebody else: named, for a time, shown this once to be handed over.
import { useId, useState, type SubmitEvent } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { CopyBlock } from '../../../ui/copy.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { ExpiryField } from '../../../ui/expiry.tsx'
import { Fault, useFieldFault } from '../../../ui/fault.tsx'
import { TextField } from '../../../ui/field.tsx'
import type { Person } from './person.ts'

const USUAL_MS = 90 * 24 * 60 * 60 * 1000

interface MakeKeyProps {
  readonly person: Person
  readonly onClose: () => void
}

export function MakeKey({ person, onClose }: MakeKeyProps) {
  const t = useText('people')
  const tell = useText('common')
  const form = useId()
  const make = useChange('createUserKey', { renews: ['keys', 'people'] })
  const made = make.data
  return (
    <Dialog
      title={t('keys.makeTitle', { name: person.username })}
      onClose={onClose}
      actions={
        made === undefined ? (
          <>
            <Button onClick={onClose}>{tell('cancel')}</Button>
            <Button type="submit" form={form} kind="primary" busy={make.isPending}>
              {t('keys.make')}
            </Button>
          </>
        ) : (
          <Button kind="primary" onClick={onClose}>
            {tell('close')}
          </Button>
        )
      }
    >
      {made === undefined ? (
        <KeyForm id={form} make={make} person={person} />
      ) : (
        <>
          <CopyBlock label={made.name} text={made.key} />
          <p>{t('keys.once')}</p>
        </>
      )}
    </Dialog>
  )
}

interface KeyFormProps {
  readonly id: string
  readonly person: Person
  readonly make: ReturnType<typeof useChange<'createUserKey'>>
}

function KeyForm({ id, person, make }: KeyFormProps) {
  const t = useText('people')
  const fieldFault = useFieldFault()
  const [name, setName] = useState('')
  const [until, setUntil] = useState<string | null>(() => new Date(Date.now() + USUAL_MS).toISOString())
  const send = (event: SubmitEvent): void => {
    event.preventDefault()
    const expiry = until === null ? {} : { expiresAt: until }
    make.mutate({ params: { id: person.id }, body: { name: name.trim(), ...expiry } })
  }
  const nameFault = fieldFault(make.error, 'name', t('keys.badName'))
  const untilFault = fieldFault(make.error, 'expiresAt', t('keys.badUntil'))
  const isOfFields = nameFault !== null || untilFault !== null
  return (
    <form id={id} onSubmit={send} className="flex flex-col gap-4">
      <TextField
        label={t('keys.name')}
        help={t('keys.nameHelp')}
        fault={nameFault}
        value={name}
        onChange={setName}
        autoComplete="off"
        maxLength={64}
        required
      />
      <ExpiryField label={t('keys.until')} fault={untilFault} value={until} onChange={setUntil} />
      {make.error !== null && !isOfFields && <Fault error={make.error} />}
    </form>
  )
}
