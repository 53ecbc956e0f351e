// /setup#token=…: makes the first administrator. The link works once, and whoever used it is logged in.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState, type SubmitEvent } from 'react'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useLinkToken } from '../../../lib/link-token.ts'
import { meQuery } from '../../../lib/session.ts'
import { Button, LinkButton } from '../../../ui/button.tsx'
import { useFieldFault } from '../../../ui/fault.tsx'
import { TextField } from '../../../ui/field.tsx'
import { NewPasswordField } from '../../../ui/password-field.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { Door, Notice } from '../components/door.tsx'
import { DoorFault } from '../components/door-fault.tsx'
import { useEnter } from '../components/use-enter.ts'

export function Page() {
  const t = useText('login')
  const [token] = useLinkToken()
  return (
    <Door title={t('setup.title')}>
      {token === null ? <Notice>{t('setup.noToken')}</Notice> : <Setup key={token} token={token} />}
    </Door>
  )
}

/** Asked once: what it makes of the hub must not take the form away. A hub that does not say is asked with the token. */
function Setup({ token }: { readonly token: string }) {
  const t = useText('login')
  const { data, isPending } = useQuery({ ...queryOf('getLogin'), staleTime: 'static' })
  if (isPending) return <Skeleton />
  if (data?.setupNeeded !== false) return <SetupForm token={token} />
  return (
    <>
      <Notice>{t('setup.over')}</Notice>
      <LinkButton to="/login" kind="primary">
        {t('enter')}
      </LinkButton>
    </>
  )
}

function SetupForm({ token }: { readonly token: string }) {
  const t = useText('login')
  const client = useQueryClient()
  const enter = useEnter()
  const fieldFault = useFieldFault()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const setup = useChange('redeemSetup', {
    onDone: () => void client.fetchQuery({ ...meQuery(), staleTime: 0 }).then((me) => enter(me, '/setup/providers')),
  })
  const form = useRef<HTMLFormElement>(null)
  // whoever came by the link came for this form alone
  useEffect(() => form.current?.querySelector('input')?.focus(), [])
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    setup.mutate({ body: { token, username: username.trim(), password } })
  }
  return (
    <form ref={form} onSubmit={submit} className="flex flex-col gap-4">
      <p className="text-muted">{t('setup.lead')}</p>
      <TextField
        label={t('username')}
        help={t('usernameHelp')}
        fault={fieldFault(setup.error, 'username', t('fault.username'))}
        value={username}
        onChange={setUsername}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      <NewPasswordField
        label={t('newPassword')}
        help={t('passwordHelp')}
        fault={fieldFault(setup.error, 'password', t('fault.password'))}
        value={password}
        onChange={setPassword}
        required
      />
      <DoorFault error={setup.error} />
      <Button type="submit" kind="primary" busy={setup.isPending}>
        {t('setup.create')}
      </Button>
    </form>
  )
}
