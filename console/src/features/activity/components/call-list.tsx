// Every call and change of mine, newest first; narrowed by server, by how it ended, by what it was, or to one request.
import { useQuery } from '@tanstack/react-query'
import { usePages } from '../../../lib/api/pages.ts'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFilters } from '../../../lib/use-filters.ts'
import { Button } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { FilterBar } from '../../../ui/filter-bar.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { SearchBox } from '../../../ui/search.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { VirtualList } from '../../../ui/virtual-list.tsx'
import { CallRow, KINDS, OUTCOMES } from './call-row.tsx'

const PAGE = 50
const ROW_HEIGHT = 72

export function CallList() {
  const t = useText('activity')
  const narrowing = useFilters(['server', 'outcome', 'kind', 'request'])
  const { filters, isActive, reset } = narrowing
  const outcome = OUTCOMES.find((one) => one === filters.outcome)
  const kind = KINDS.find((one) => one === filters.kind)
  const { query, items, onEnd } = usePages('listActivity', {
    limit: PAGE,
    ...(filters.server !== '' && { server: filters.server }),
    ...(filters.request !== '' && { requestId: filters.request }),
    ...(outcome !== undefined && { outcome }),
    ...(kind !== undefined && { kind }),
  })
  const nothing = isActive ? (
    <Empty title={t('list.notFound')} action={<Button onClick={reset}>{t('list.showAll')}</Button>} />
  ) : (
    <Empty title={t('list.none')}>{t('list.noneWhy')}</Empty>
  )
  return (
    <div className="flex flex-col gap-4">
      <CallFilters {...narrowing} />
      <Loaded query={query} isEmpty={(all) => all.length === 0} empty={nothing}>
        {() => (
          <div className="rounded-md border border-line bg-surface">
            <VirtualList
              label={t('calls')}
              items={items}
              keyOf={({ id }) => id}
              rowHeight={ROW_HEIGHT}
              {...(onEnd && { onEnd })}
            >
              {(call) => <CallRow call={call} />}
            </VirtualList>
          </div>
        )}
      </Loaded>
    </div>
  )
}

type Narrowing = ReturnType<typeof useFilters<'server' | 'outcome' | 'kind' | 'request'>>

function CallFilters({ filters, isActive, set, reset }: Narrowing) {
  const t = useText('activity')
  const servers = useQuery(queryOf('listServers')).data?.items ?? []
  // of a server I may no longer use there are calls all the same
  const names = new Set([...servers.map(({ name }) => name), ...(filters.server === '' ? [] : [filters.server])])
  const anything = { value: '', label: t('list.any') }
  return (
    <FilterBar isActive={isActive} onReset={reset}>
      <SearchBox
        label={t('request')}
        value={filters.request}
        onChange={(request) => set({ request: request.trim() })}
      />
      <SelectField
        label={t('server')}
        value={filters.server}
        onChange={(server) => set({ server })}
        options={[anything, ...[...names].map((name) => ({ value: name, label: name }))]}
      />
      <SelectField
        label={t('outcome')}
        value={filters.outcome}
        onChange={(outcome) => set({ outcome })}
        options={[anything, ...OUTCOMES.map((value) => ({ value, label: t(`outcome.${value}`) }))]}
      />
      <SelectField
        label={t('kind')}
        value={filters.kind}
        onChange={(kind) => set({ kind })}
        options={[anything, ...KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))]}
      />
    </FilterBar>
  )
}
