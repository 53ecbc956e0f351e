// How the way to a provider and back ended, as it stands in the address: linked, or why not.
import { useSearchParams } from 'react-router'
import { useText } from '../../../lib/i18n/use-text.ts'
import { LoginFault } from '../../../ui/login-fault.tsx'
import { Notice } from '../../../ui/notice.tsx'

export function LinkOutcome() {
  const t = useText('account')
  const [params] = useSearchParams()
  if (params.has('linked')) return <Notice tone="good">{t('accounts.linked')}</Notice>
  return <LoginFault query={params} />
}
