// /setup/providers: the second step of the set-up, for who has just become the first administrator. It may be left out.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button, LinkButton } from '../../../ui/button.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { ProviderForm } from '../components/provider-form.tsx'

const NEXT = '/connect'

export function Page() {
  const t = useText('providers')
  const isAdmin = useMe().role === 'admin'
  return (
    <Frame title={t('setup.title')} lead={t('setup.lead')}>
      {isAdmin ? <Choose /> : <Notice tone="calm">{t('adminsOnly')}</Notice>}
    </Frame>
  )
}

function Choose() {
  const t = useText('providers')
  const navigate = useNavigate()
  const query = useQuery(queryOf('listProviders'))
  const [isWriting, setWriting] = useState(false)
  const skip = (
    <LinkButton kind="primary" to={NEXT}>
      {t('setup.skip')}
    </LinkButton>
  )
  if (!isWriting)
    return (
      <div className="flex flex-col items-start gap-4">
        <p className="max-w-prose">{t('setup.later')}</p>
        <div className="flex flex-wrap gap-2">
          {skip}
          <Button onClick={() => setWriting(true)}>{t('setup.now')}</Button>
        </div>
      </div>
    )
  return (
    <Loaded query={query}>
      {(known) => (
        <div className="max-w-2xl rounded-md border border-line bg-surface p-4">
          <ProviderForm
            provider={null}
            known={known}
            onSaved={() => void navigate(NEXT)}
            onCancel={() => setWriting(false)}
          />
        </div>
      )}
    </Loaded>
  )
}
