// Name and password of who has one.
import { useState, type SubmitEvent } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { TextField } from '../../../ui/field.tsx'
import { DoorFault } from './door-fault.tsx'
import { useEnter } from './use-enter.ts'

export function PasswordForm({ returnPath }: { readonly returnPath: string }) {
  const t = useText('login')
  const enter = useEnter()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const login = useChange('loginLocal', { onDone: (me) => void enter(me, returnPath) })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    login.mutate({ body: { username: username.trim(), password } }, { onError: () => setPassword('') })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label={t('username')}
        value={username}
        onChange={setUsername}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      <TextField
        label={t('password')}
        type="password"
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        required
      />
      <DoorFault error={login.error} />
      <Button type="submit" kind="primary" busy={login.isPending}>
        {t('enter')}
      </Button>
    </form>
  )
}
