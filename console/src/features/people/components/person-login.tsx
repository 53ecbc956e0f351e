// How a person comes in: password, accounts elsewhere, and a one-time link for who has neither or forgot.
import { useState } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Section } from '../../../ui/page.tsx'
import { Time } from '../../../ui/time.tsx'
import { LinkShown } from './link-shown.tsx'
import { stateOf, type Person } from './person.ts'

interface PersonLoginProps {
  readonly person: Person
  readonly mayChange: boolean
}

export function PersonLogin({ person, mayChange }: PersonLoginProps) {
  const t = useText('people')
  const { hasPassword, accounts, loginUntil } = person
  const format = useFormat()
  return (
    <Section title={t('login.title')}>
      <ul className="flex list-disc flex-col gap-1 pl-5">
        <li>{hasPassword ? t('login.hasPassword') : t('login.noPassword')}</li>
        {accounts.map(({ provider, linkedAt }) => (
          <li key={provider}>{t('login.account', { provider, time: format.date(linkedAt) })}</li>
        ))}
        {loginUntil !== null && (
          <li>
            {t('login.until')} <Time at={loginUntil} />
          </li>
        )}
      </ul>
      {mayChange && <MakeLink person={person} />}
    </Section>
  )
}

function MakeLink({ person }: { readonly person: Person }) {
  const t = useText('people')
  const tell = useText('common')
  const [isAsked, setAsked] = useState(false)
  const invite = useChange('inviteUser')
  const isActive = stateOf(person) === 'active'
  const close = (): void => {
    setAsked(false)
    // what was shown once is forgotten
    invite.reset()
  }
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <Button disabled={!isActive} onClick={() => setAsked(true)}>
          {t('link.make')}
        </Button>
        {!isActive && <span className="text-small text-muted">{t('link.inactive')}</span>}
      </div>
      {isAsked && (
        <Dialog
          title={t('link.title', { name: person.username })}
          onClose={close}
          actions={
            invite.data === undefined ? (
              <>
                <Button onClick={close}>{tell('cancel')}</Button>
                <Button
                  kind="primary"
                  busy={invite.isPending}
                  onClick={() => invite.mutate({ params: { id: person.id } })}
                >
                  {t('link.make')}
                </Button>
              </>
            ) : (
              <Button kind="primary" onClick={close}>
                {tell('close')}
              </Button>
            )
          }
        >
          {invite.data === undefined ? (
            <p>{person.hasPassword ? t('link.whyReset') : t('link.why')}</p>
          ) : (
            <LinkShown {...invite.data} />
          )}
          {invite.error !== null && <Fault error={invite.error} />}
        </Dialog>
      )}
    </>
  )
}
