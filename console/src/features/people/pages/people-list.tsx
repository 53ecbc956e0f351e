// /admin/people: everybody who may use the hub, found by the hub itself, in pages. What is searched stands in the address.
import { useInfiniteQuery } from '@tanstack/react-query'
import { pagesOf } from '../../../lib/api/pages.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { useFilters, type Filters } from '../../../lib/use-filters.ts'
import { Button } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { FilterBar } from '../../../ui/filter-bar.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { SearchBox } from '../../../ui/search.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { VirtualList } from '../../../ui/virtual-list.tsx'
import { AddPerson } from '../components/add-person.tsx'
import { PAGE_SIZE } from '../components/page-size.ts'
import { ROLES } from '../components/person.ts'
import { PersonRow } from '../components/person-row.tsx'

const STATES = ['active', 'inactive', 'deleted'] as const
const ADDING = ['add'] as const
const NAMES = ['q', 'state', 'role'] as const
/** the hub looks for no more letters than a name has */
const LONGEST = 64

type Wanted = Filters<(typeof NAMES)[number]>

export function Page() {
  const t = useText('people')
  const { role } = useMe()
  // the palette leads straight here
  const { filters, set } = useFilters(ADDING)
  return (
    <Frame
      title={t('list.title')}
      lead={t('list.lead')}
      actions={
        role === 'admin' && (
          <Button kind="primary" icon="plus" onClick={() => set({ add: 'person' })}>
            {t('add.open')}
          </Button>
        )
      }
    >
      <PeopleList />
      {role === 'admin' && filters.add !== '' && <AddPerson onClose={() => set({ add: '' })} />}
    </Frame>
  )
}

function PeopleList() {
  const t = useText('people')
  const wanted = useFilters(NAMES)
  const query = useInfiniteQuery(pagesOf('listUsers', { limit: PAGE_SIZE, ...readFilter(wanted) }))
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = query
  const people = query.data?.pages.flatMap(({ items }) => items) ?? []
  const readOn = (): void => {
    if (!isFetching && !isFetchNextPageError) void fetchNextPage()
  }
  return (
    <>
      <PeopleFilter wanted={wanted} />
      <Loaded
        query={query}
        isEmpty={() => people.length === 0}
        empty={<Empty title={t('list.none')} action={<Button onClick={wanted.reset}>{t('list.showAll')}</Button>} />}
      >
        {({ pages }) => (
          <>
            <p role="status" className="-mb-3 text-small text-muted">
              {t('list.count', { count: pages.at(-1)?.total ?? 0 })}
            </p>
            <div className="rounded-md border border-line bg-surface">
              <VirtualList
                label={t('list.title')}
                items={people}
                keyOf={({ id }) => id}
                rowHeight={49}
                {...(hasNextPage && { onEnd: readOn })}
              >
                {(person) => <PersonRow person={person} />}
              </VirtualList>
            </div>
            {isFetchNextPageError && <Fault error={query.error} onRetry={() => void fetchNextPage()} />}
          </>
        )}
      </Loaded>
    </>
  )
}

function readFilter({ filters: { q, state, role } }: Wanted) {
  const search = q.trim().slice(0, LONGEST)
  const oneState = STATES.find((one) => one === state)
  const oneRole = ROLES.find((one) => one === role)
  return { ...(search && { search }), ...(oneState && { state: oneState }), ...(oneRole && { role: oneRole }) }
}

function PeopleFilter({ wanted: { filters, isActive, set, reset } }: { readonly wanted: Wanted }) {
  const t = useText('people')
  const tell = useText('common')
  return (
    <FilterBar isActive={isActive} onReset={reset}>
      <SearchBox label={t('list.search')} value={filters.q} onChange={(q) => set({ q })} />
      <SelectField
        label={t('list.state')}
        value={filters.state}
        onChange={(state) => set({ state })}
        options={[
          { value: '', label: t('state.living') },
          ...STATES.map((value) => ({ value, label: t(`state.${value}`) })),
        ]}
      />
      <SelectField
        label={t('list.role')}
        value={filters.role}
        onChange={(role) => set({ role })}
        options={[
          { value: '', label: t('list.allRoles') },
          ...ROLES.map((value) => ({ value, label: tell(`role.${value}`) })),
        ]}
      />
    </FilterBar>
  )
}
