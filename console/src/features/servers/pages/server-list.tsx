// /servers: every server I may use, with its state and what it wants of me. What is searched stands in the address, so that "back" works.
import { useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { useSearchParams } from 'react-router'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button, LinkButton } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { SearchBox } from '../../../ui/search.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { VirtualList } from '../../../ui/virtual-list.tsx'
import { findServers, STATUSES, type Server, type ServerStatus } from '../components/find-servers.ts'
import { ServerRow } from '../components/server-row.tsx'
import { WhyNot } from '../components/why-not.tsx'

export function Page() {
  const t = useText('servers')
  const query = useQuery(queryOf('listServers'))
  return (
    <Frame title={t('list.title')} lead={t('list.lead')}>
      <Loaded query={query} isEmpty={({ items }) => items.length === 0} empty={<NoServers />}>
        {({ items }) => <ServerList servers={items} />}
      </Loaded>
      {/* not before: the list would push it down under somebody's finger */}
      {!query.isPending && <WhyNot />}
    </Frame>
  )
}

/** Whoever may add servers is led there; everybody else learns who may. */
function NoServers() {
  const t = useText('servers')
  const mayAdd = useMe().role === 'admin'
  return (
    <Empty
      title={t('empty.title')}
      action={mayAdd && <LinkButton to="/admin/servers">{t('empty.catalogue')}</LinkButton>}
    >
      {mayAdd ? t('empty.whyAdmin') : t('empty.why')}
    </Empty>
  )
}

function ServerList({ servers }: { readonly servers: readonly Server[] }) {
  const t = useText('servers')
  const [params, setParams] = useSearchParams()
  const search = params.get('q') ?? ''
  const status = STATUSES.find((one) => one === params.get('state')) ?? 'all'
  const wanted = (q: string, state: ServerStatus | 'all'): void =>
    setParams({ ...(q && { q }), ...(state !== 'all' && { state }) }, { replace: true })
  const found = findServers(servers, { search: useDeferredValue(search), status })
  return (
    <>
      <div className="grid items-end gap-3 md:grid-cols-[1fr_14rem]">
        <SearchBox label={t('list.search')} value={search} onChange={(text) => wanted(text, status)} />
        <SelectField
          label={t('list.state')}
          value={status}
          onChange={(state) => wanted(search, state)}
          options={[
            { value: 'all', label: t('list.all') },
            ...STATUSES.map((value) => ({ value, label: t(`status.${value}`) })),
          ]}
        />
      </div>
      <p role="status" className="-mb-3 text-small text-muted">
        {t('list.count', { count: found.length })}
      </p>
      {found.length === 0 ? (
        <Empty title={t('list.none')} action={<Button onClick={() => wanted('', 'all')}>{t('list.showAll')}</Button>} />
      ) : (
        <div className="rounded-md border border-line bg-surface">
          <VirtualList label={t('list.title')} items={found} keyOf={({ name }) => name} rowHeight={72}>
            {(server) => <ServerRow server={server} />}
          </VirtualList>
        </div>
      )}
    </>
  )
}
