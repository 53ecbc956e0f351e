// /: how I stand, in one screen: is my editor connected, does a server want something of me, does one not work, are the tools too many; and for
// who administers, what waits for them.
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Page as Frame, Section } from '../../../ui/page.tsx'
import { BrokenCard, ValuesCard } from '../components/server-cards.tsx'
import { EditorCard } from '../components/editor-card.tsx'
import { PeopleCard, ToolChangesCard } from '../components/admin-cards.tsx'
import { PasswordNotice } from '../components/password-notice.tsx'
import { ToolsCard } from '../components/tools-card.tsx'

const GRID = 'grid gap-3 md:grid-cols-2'

export function Page() {
  const t = useText('home')
  const { username, role } = useMe()
  return (
    <Frame title={t('title', { name: username })} lead={t('lead')}>
      <PasswordNotice />
      <div className={GRID}>
        <EditorCard />
        <ValuesCard />
        <BrokenCard />
        <ToolsCard />
      </div>
      {role !== 'member' && (
        <Section title={role === 'admin' ? t('admin') : t('auditor')}>
          <div className={GRID}>
            <ToolChangesCard />
            <PeopleCard />
          </div>
        </Section>
      )}
    </Frame>
  )
}
