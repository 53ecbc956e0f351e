// An address that leads nowhere.
import { useText } from '../lib/i18n/use-text.ts'
import { LinkButton } from '../ui/button.tsx'
import { Empty } from '../ui/empty.tsx'
import { Page } from '../ui/page.tsx'

export function UnknownPage() {
  const t = useText('common')
  return (
    <Page title={t('page.unknownTitle')}>
      <Empty title={t('page.unknownTitle')} action={<LinkButton to="/">{t('page.toHome')}</LinkButton>}>
        {t('page.unknown')}
      </Empty>
    </Page>
  )
}
