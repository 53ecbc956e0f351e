// Who comes by a one-time link: whose it is, a password of their own, with which they come again, and one click. Without one the click alone
// will do.
import { useQuery } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import type { RouteResponse } from '@mcphub/api'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { ApiFault } from '../../../lib/api/fault.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { readLinkToken } from '../../../lib/link-token.ts'
import { Button } from '../../../ui/button.tsx'
import { useFieldFault } from '../../../ui/fault.tsx'
import { NewPasswordField } from '../../../ui/password-field.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { DoorFault } from './door-fault.tsx'
import { useEnter } from './use-enter.ts'

interface LinkFormProps {
  readonly token: string
  readonly returnPath: string
  /** wants to come in another way */
  readonly onGiveUp: () => void
}

export function LinkForm(props: LinkFormProps) {
  const { token, onGiveUp } = props
  const t = useText('login')
  const common = useText('common')
  const link = useQuery({
    ...queryOf('readLoginLink', { body: { token } }),
    staleTime: 'static',
    // kept no longer than it is shown: the token is in its key
    gcTime: 0,
    // once it was used it is forgotten, before this page is left: the hub would take another question for a guess
    enabled: () => readLinkToken() === token,
  })
  if (link.data !== undefined) return <RedeemForm {...props} link={link.data} />
  if (link.error === null) return <Skeleton lines={2} />
  return (
    <>
      <DoorFault error={link.error} />
      {isPassing(link.error) && (
        <Button kind="primary" onClick={() => void link.refetch()}>
          {common('retry')}
        </Button>
      )}
      <Button onClick={onGiveUp}>{t('link.giveUp')}</Button>
    </>
  )
}

/** The hub said nothing of the link, which may still be good. */
const isPassing = (fault: unknown): boolean =>
  fault instanceof ApiFault && (fault.status === 0 || fault.status === 429 || fault.status >= 500)

interface RedeemFormProps extends LinkFormProps {
  readonly link: RouteResponse<'readLoginLink'>
}

function RedeemForm({ token, returnPath, onGiveUp, link }: RedeemFormProps) {
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
      <p className="text-muted">{t('link.lead', { name: link.username })}</p>
      {link.takesPassword && (
        <>
          {/* for the program that keeps passwords: whose this one is */}
          <input type="text" autoComplete="username" value={link.username} readOnly hidden />
          <NewPasswordField
            label={t('link.password')}
            help={t('link.passwordHelp')}
            fault={fieldFault(redeem.error, 'password', t('fault.password'))}
            value={password}
            onChange={setPassword}
          />
        </>
      )}
      <DoorFault error={redeem.error} />
      <Button type="submit" kind="primary" busy={redeem.isPending}>
        {t('enter')}
      </Button>
      {redeem.isError && <Button onClick={onGiveUp}>{t('link.giveUp')}</Button>}
    </form>
  )
}
