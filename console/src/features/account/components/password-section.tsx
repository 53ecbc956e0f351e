// My password: set or changed. Whoever else is logged in as me is logged out by it.
import { useQuery } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { ApiFault } from '../../../lib/api/fault.ts'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button } from '../../../ui/button.tsx'
import { Fault, useFieldFault } from '../../../ui/fault.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Section } from '../../../ui/page.tsx'
import { toast } from '../../../ui/toast.tsx'

export function PasswordSection() {
  const t = useText('account')
  const { hasPassword } = useMe()
  const ways = useQuery(queryOf('getLogin'))
  // where nobody logs in by password there is none to have
  if (ways.data?.local === false) return null
  return (
    <Section title={t('password.title')} lead={hasPassword ? t('password.leadChange') : t('password.leadSet')}>
      <PasswordForm key={String(hasPassword)} />
    </Section>
  )
}

function PasswordForm() {
  const t = useText('account')
  const { hasPassword, username } = useMe()
  const fieldFault = useFieldFault()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const forget = (): void => {
    setCurrent('')
    setNext('')
  }
  const change = useChange('setPassword', {
    renews: ['me'],
    onDone: () => {
      forget()
      toast(t('password.done'))
    },
  })
  const send = (event: SubmitEvent): void => {
    event.preventDefault()
    change.mutate({ body: { current: hasPassword ? current : null, next } })
  }
  const isOfFields = change.error instanceof ApiFault && change.error.faults.length > 0
  return (
    <form onSubmit={send} className="flex max-w-sm flex-col gap-4">
      {/* for the browser's own keeper of passwords */}
      <input
        type="text"
        autoComplete="username"
        value={username}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
        className="sr-only"
      />
      {hasPassword && (
        <TextField
          label={t('password.current')}
          fault={fieldFault(change.error, 'current', t('password.currentWrong'))}
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
          required
        />
      )}
      <TextField
        label={t('password.next')}
        help={t('password.help')}
        fault={fieldFault(change.error, 'next', t('password.short'))}
        type="password"
        autoComplete="new-password"
        value={next}
        onChange={setNext}
        required
      />
      {change.error !== null && !isOfFields && <Fault error={change.error} />}
      <div>
        <Button type="submit" kind="primary" busy={change.isPending}>
          {hasPassword ? t('password.change') : t('password.set')}
        </Button>
      </div>
    </form>
  )
}
