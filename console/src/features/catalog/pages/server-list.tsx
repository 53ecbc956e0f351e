// /admin/servers: the catalogue of servers, for who administers it: how each does, who may use it, where it is declared.
import { useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { useFilters } from '../../../lib/use-filters.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Button, LinkButton } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { FilterBar } from '../../../ui/filter-bar.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { SearchBox } from '../../../ui/search.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { VirtualList } from '../../../ui/virtual-list.tsx'
import { CatalogRow } from '../components/catalog-row.tsx'
import { findServers, groupsOf } from '../components/find-catalog.ts'
import { ManifestFaults } from '../components/manifest-faults.tsx'
import { ReadOnlyReason } from '../components/read-only-reason.tsx'
import { StatusBadge, TONES, type ListedServer, type ServerStatus } from '../components/server-status.tsx'

const STATES = Object.keys(TONES) as ServerStatus[]

export function Page() {
  const t = useText('catalog')
  const { role } = useMe()
  const query = useQuery(queryOf('listAdminServers'))
  const readOnly = useQuery(queryOf('getCatalogState')).data?.readOnly
  const mayAdd = role === 'admin' && readOnly === null
  const add = mayAdd && (
    <LinkButton kind="primary" icon="plus" to="/admin/new-server">
      {t('servers.add')}
    </LinkButton>
  )
  return (
    <Frame
      title={t('servers.title')}
      lead={t('servers.lead')}
      actions={
        <>
          {role === 'admin' && <LinkButton to="/admin/settings-file">{t('servers.settingsFile')}</LinkButton>}
          {add}
        </>
      }
    >
      {readOnly !== undefined && <ReadOnlyReason reason={readOnly} />}
      <Loaded
        query={query}
        isEmpty={({ items, faults }) => items.length === 0 && faults.length === 0}
        empty={
          <Empty title={t('servers.empty')} action={add}>
            {t('servers.emptyWhy')}
          </Empty>
        }
      >
        {({ items, faults }) => (
          <>
            <ManifestFaults faults={faults} />
            <ServerList servers={items} />
          </>
        )}
      </Loaded>
    </Frame>
  )
}

function ServerList({ servers }: { readonly servers: readonly ListedServer[] }) {
  const t = useText('catalog')
  const words = useText('servers')
  const { filters, isActive, set, reset } = useFilters(['q', 'state', 'access'])
  const found = findServers(servers, { ...filters, q: useDeferredValue(filters.q) })
  const any = { value: '', label: t('filter.any') }
  return (
    <>
      <FilterBar isActive={isActive} onReset={reset}>
        <SearchBox label={t('servers.search')} value={filters.q} onChange={(q) => set({ q })} />
        <SelectField
          label={t('filter.state')}
          value={filters.state}
          onChange={(state) => set({ state })}
          options={[any, ...STATES.map((value) => ({ value: value as string, label: words(`status.${value}`) }))]}
        />
        <SelectField
          label={t('filter.access')}
          value={filters.access}
          onChange={(access) => set({ access })}
          options={[
            any,
            { value: 'Everyone', label: t('choice.everyone') },
            { value: 'Groups', label: t('choice.groups') },
          ]}
        />
      </FilterBar>
      <p role="status" className="-mb-3 text-small text-muted">
        {t('effect.servers', { count: found.length })}
      </p>
      {found.length === 0 ? (
        <Empty title={t('list.none')} action={<Button onClick={reset}>{t('list.showAll')}</Button>} />
      ) : (
        <div className="rounded-md border border-line bg-surface">
          <VirtualList label={t('servers.title')} items={found} keyOf={({ name }) => name} rowHeight={84}>
            {(server) => <ServerRow server={server} />}
          </VirtualList>
        </div>
      )}
    </>
  )
}

function ServerRow({ server }: { readonly server: ListedServer }) {
  const t = useText('catalog')
  const format = useFormat()
  const groups = groupsOf(server.name, useQuery(queryOf('listUserGroups')).data?.items ?? [])
  const isEverybody = server.access === 'Everyone'
  const who = isEverybody ? t('choice.everyone') : groups.length === 0 ? t('access.nobody') : format.list(groups)
  return (
    <CatalogRow
      {...server}
      to={`/admin/servers/${encodeURIComponent(server.name)}`}
      facts={
        <>
          <span className="text-muted">{t(`kind.${server.type}`)}</span>
          <span>
            <span className="sr-only">{t('filter.access')}: </span>
            {who}
          </span>
        </>
      }
      badges={<StatusBadge status={server.status} />}
    />
  )
}
