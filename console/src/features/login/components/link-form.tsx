// Who comes by a one-time link: a password of their own, with which they come again, and one click. Without one the click alone will do.
import { useState, type SubmitEvent } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { useFieldFault } from '../../../ui/fault.tsx'
import { NewPasswordField } from '../../../ui/password-field.tsx'
import { DoorFault } from './door-fault.tsx'
import { useEnter } from './use-enter.ts'

interface LinkFormProps {
  readonly token: string
  /** whether a password lets in here */
  readonly local: boolean
  readonly returnPath: string
  /** wants to come in another way */
  readonly onGiveUp: () => void
}

export function LinkForm({ token, local, returnPath, onGiveUp }: LinkFormProps) {
  const t = useText('login')
  const enter = useEnter()
  const fieldFault = useFieldFault()
  const [password, setPassword] = useState('')
  const redeem = useChange('redeemLoginLink', { onDone: (me) => void enter(me, returnPath) })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    redeem.mutate({ body: { token, ...(password && { password }) } })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <p className="text-muted">{t('link.lead')}</p>
      {local && (
        <NewPasswordField
          label={t('link.password')}
          help={t('link.passwordHelp')}
          fault={fieldFault(redeem.error, 'password', t('fault.password'))}
          value={password}
          onChange={setPassword}
        />
      )}
      <DoorFault error={redeem.error} />
      <Button type="submit" kind="primary" busy={redeem.isPending}>
        {t('enter')}
      </Button>
      {redeem.isError && <Button onClick={onGiveUp}>{t('link.giveUp')}</Button>}
    </form>
  )
}
