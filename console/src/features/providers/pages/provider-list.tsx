// /admin/login: how people come in. Providers are made, checked, changed and removed here; those of the configuration are shown.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Page as Frame, Section } from '../../../ui/page.tsx'
import { ProviderCard } from '../components/provider-card.tsx'
import type { Provider } from '../components/provider-draft.ts'
import { ProviderForm } from '../components/provider-form.tsx'

export function Page() {
  const t = useText('providers')
  const isAdmin = useMe().role === 'admin'
  return (
    <Frame title={t('title')} lead={t('lead')}>
      {isAdmin ? <Providers /> : <Notice tone="calm">{t('adminsOnly')}</Notice>}
    </Frame>
  )
}

/** A new one, or one by its id; null: nothing is being written. */
type Written = { readonly provider: Provider | null } | null

function Providers() {
  const t = useText('providers')
  const query = useQuery(queryOf('listProviders'))
  const [written, setWritten] = useState<Written>(null)
  const add = (
    <Button kind="primary" icon="plus" onClick={() => setWritten({ provider: null })}>
      {t('add')}
    </Button>
  )
  const close = (): void => setWritten(null)
  return (
    <>
      <PasswordSection />
      <Loaded query={query}>
        {(known) => (
          <>
            <Section title={t('providers')} lead={t('providersLead')} actions={known.items.length > 0 && add}>
              {known.items.length === 0 ? (
                <Empty title={t('none')} action={add}>
                  {t('noneWhy')}
                </Empty>
              ) : (
                <ul className="flex flex-col gap-3">
                  {known.items.map((provider) => (
                    <ProviderCard
                      key={`${provider.source} ${provider.id}`}
                      provider={provider}
                      redirectUri={known.redirectUri}
                      onEdit={() => setWritten({ provider })}
                    />
                  ))}
                </ul>
              )}
            </Section>
            {written !== null && (
              <Dialog wide title={written.provider === null ? t('addTitle') : written.provider.label} onClose={close}>
                <ProviderForm provider={written.provider} known={known} onSaved={close} onCancel={close} />
              </Dialog>
            )}
          </>
        )}
      </Loaded>
    </>
  )
}

function PasswordSection() {
  const t = useText('providers')
  const query = useQuery(queryOf('getLogin'))
  return (
    <Section title={t('password')}>
      <Loaded query={query}>{({ local }) => <p>{local ? t('passwordOn') : t('passwordOff')}</p>}</Loaded>
    </Section>
  )
}
