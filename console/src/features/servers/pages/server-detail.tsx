// /servers/:name: one server, its state, what its tools are, and what it wants of me.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useParams } from 'react-router'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { Tabs } from '../../../ui/tabs.tsx'
import { isFault } from '../../../lib/api/fault.ts'
import { Empty } from '../../../ui/empty.tsx'
import { LinkButton } from '../../../ui/button.tsx'
import { nameOf } from '../components/find-servers.ts'
import { ServerActivity } from '../components/server-activity.tsx'
import { ServerState, wantsOwnValue, type ServerDetail } from '../components/server-state.tsx'
import { ServerTools } from '../components/server-tools.tsx'
import { ServerValues } from '../components/server-values.tsx'

export function Page() {
  const t = useText('servers')
  const { name = '' } = useParams()
  const query = useQuery(queryOf('getServer', { params: { name } }))
  const server = query.data
  return (
    <Frame title={server === undefined ? name : nameOf(server)} lead={server?.description}>
      {isFault(query.error, 'not_found') ? (
        <Empty title={t('detail.unknown')} action={<LinkButton to="/servers">{t('list.showAll')}</LinkButton>}>
          {t('detail.unknownWhy')}
        </Empty>
      ) : (
        <Loaded query={query}>
          {(found) => (
            <>
              <ServerState server={found} />
              <Parts key={name} server={found} />
            </>
          )}
        </Loaded>
      )}
    </Frame>
  )
}

function Parts({ server }: { readonly server: ServerDetail }) {
  const t = useText('servers')
  // decided once: what one is typing in must not go when it is saved
  const [initial] = useState(wantsOwnValue(server) ? 'values' : 'tools')
  return (
    <Tabs
      label={t('detail.parts')}
      initial={initial}
      tabs={[
        { key: 'tools', label: t('detail.tools'), content: () => <ServerTools server={server} /> },
        { key: 'values', label: t('detail.values'), content: () => <ServerValues server={server} /> },
        { key: 'calls', label: t('detail.calls'), content: () => <ServerActivity server={server.name} /> },
      ]}
    />
  )
}
