// /keys: my keys, without their secret part. A revoked one is gone from here at once, and everywhere within seconds.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { LinkButton } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { KeyTable, type Key } from '../components/key-table.tsx'
import { RevokeDialog } from '../components/revoke-dialog.tsx'

export function Page() {
  const t = useText('keys')
  const query = useQuery(queryOf('listKeys'))
  const [leaving, setLeaving] = useState<Key | null>(null)
  const connect = (
    <LinkButton to="/connect" kind="primary" icon="connect">
      {t('connect')}
    </LinkButton>
  )
  return (
    <Frame title={t('title')} lead={t('lead')} actions={connect}>
      <Loaded
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={
          <Empty title={t('empty.title')} action={<LinkButton to="/connect">{t('connect')}</LinkButton>}>
            {t('empty.why')}
          </Empty>
        }
      >
        {({ items }) => <KeyTable keys={items} onRevoke={setLeaving} />}
      </Loaded>
      {leaving !== null && <RevokeDialog item={leaving} onClose={() => setLeaving(null)} />}
    </Frame>
  )
}
