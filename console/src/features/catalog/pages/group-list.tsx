// /admin/groups: the UserGroups of the catalogue: which people get which servers.
import { useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { useFilters } from '../../../lib/use-filters.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button, LinkButton } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { SearchBox } from '../../../ui/search.tsx'
import { VirtualList } from '../../../ui/virtual-list.tsx'
import { CatalogRow } from '../components/catalog-row.tsx'
import { findGroups, type ListedGroup } from '../components/find-catalog.ts'
import { ReadOnlyReason } from '../components/read-only-reason.tsx'

export function Page() {
  const t = useText('catalog')
  const { role } = useMe()
  const query = useQuery(queryOf('listUserGroups'))
  const readOnly = useQuery(queryOf('getCatalogState')).data?.readOnly
  const add = role === 'admin' && readOnly === null && (
    <LinkButton kind="primary" icon="plus" to="/admin/new-group">
      {t('groups.add')}
    </LinkButton>
  )
  return (
    <Frame title={t('groups.title')} lead={t('groups.lead')} actions={add}>
      {readOnly !== undefined && <ReadOnlyReason reason={readOnly} />}
      <Loaded
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={
          <Empty title={t('groups.empty')} action={add}>
            {t('groups.emptyWhy')}
          </Empty>
        }
      >
        {({ items }) => <GroupList groups={items} />}
      </Loaded>
    </Frame>
  )
}

function GroupList({ groups }: { readonly groups: readonly ListedGroup[] }) {
  const t = useText('catalog')
  const { filters, set, reset } = useFilters(['q'])
  const found = findGroups(groups, useDeferredValue(filters.q))
  return (
    <>
      <SearchBox label={t('groups.search')} value={filters.q} onChange={(q) => set({ q })} />
      <p role="status" className="-mb-3 text-small text-muted">
        {t('groups.count', { count: found.length })}
      </p>
      {found.length === 0 ? (
        <Empty title={t('list.none')} action={<Button onClick={reset}>{t('list.showAll')}</Button>} />
      ) : (
        <div className="rounded-md border border-line bg-surface">
          <VirtualList label={t('groups.title')} items={found} keyOf={({ name }) => name} rowHeight={84}>
            {(group) => <GroupRow group={group} />}
          </VirtualList>
        </div>
      )}
    </>
  )
}

function GroupRow({ group }: { readonly group: ListedGroup }) {
  const t = useText('catalog')
  const { name, members, servers, active } = group
  return (
    <CatalogRow
      {...group}
      to={`/admin/groups/${encodeURIComponent(name)}`}
      facts={
        <>
          <span>{t('people', { count: members.users.length })}</span>
          {members.claims.length > 0 && <span>{t('claims', { count: members.claims.length })}</span>}
          <span>{t('effect.servers', { count: servers.length })}</span>
        </>
      }
      badges={<Badge tone={active ? 'good' : 'calm'}>{active ? t('group.active') : t('group.off')}</Badge>}
    />
  )
}
