// /account: who I am here, how the console looks to me, how I come in, and where I am logged in.
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Page as Frame } from '../../../ui/page.tsx'
import { LinkedAccounts } from '../components/linked-accounts.tsx'
import { LookSettings } from '../components/look-settings.tsx'
import { LoginSessions } from '../components/login-sessions.tsx'
import { PasswordSection } from '../components/password-section.tsx'
import { WhoIAm } from '../components/who-i-am.tsx'

export function Page() {
  const t = useText('account')
  const { username } = useMe()
  return (
    <Frame title={t('title')} lead={t('lead', { name: username })}>
      <div className="flex flex-col gap-8">
        <WhoIAm />
        <LookSettings />
        <PasswordSection />
        <LinkedAccounts />
        <LoginSessions />
      </div>
    </Frame>
  )
}
