// A page of the administration, for who has none of it: nothing of the page itself, and the way home.
import { useText } from '../lib/i18n/use-text.ts'
import { LinkButton } from '../ui/button.tsx'
import { Empty } from '../ui/empty.tsx'
import { Page } from '../ui/page.tsx'

export function RefusedPage() {
  const t = useText('common')
  return (
    <Page title={t('page.refusedTitle')}>
      <Empty title={t('page.refused')} action={<LinkButton to="/">{t('page.toHome')}</LinkButton>}>
        {t('page.refusedWhy')}
      </Empty>
    </Page>
  )
}
