// Whoever came by a one-time link and has no password does not come in again by themselves: told while there is time.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { LinkButton } from '../../../ui/button.tsx'
import { Notice } from '../../../ui/notice.tsx'

export function PasswordNotice() {
  const t = useText('home')
  const { hasPassword, session } = useMe()
  const ways = useQuery(queryOf('getLogin'))
  const cameByLink = session?.method === 'link'
  if (hasPassword || !cameByLink || ways.data?.local !== true) return null
  return (
    <Notice title={t('password.title')} action={<LinkButton to="/account">{t('password.set')}</LinkButton>}>
      {t('password.why')}
    </Notice>
  )
}
