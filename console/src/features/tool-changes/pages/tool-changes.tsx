// /admin/tools: tools whose text is not the approved one, newest first; what changed, for how many, and the decision on it.
import { useState } from 'react'
import { usePages } from '../../../lib/api/pages.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFilters, type Filters } from '../../../lib/use-filters.ts'
import { Button } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { FilterBar } from '../../../ui/filter-bar.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { VirtualList } from '../../../ui/virtual-list.tsx'
import { ChangeDialog } from '../components/change-dialog.tsx'
import { ChangeRow, type ToolChange } from '../components/change-row.tsx'
import { ServerField } from '../components/server-field.tsx'

const STATES = ['flagged', 'held', 'approved'] as const

type Wanted = Filters<'server' | 'state'>

export function Page() {
  const t = useText('tool-changes')
  const wanted: Wanted = useFilters(['server', 'state'])
  const { filters, set, isActive, reset } = wanted
  return (
    <Frame title={t('title')} lead={t('lead')}>
      <FilterBar isActive={isActive} onReset={reset}>
        <ServerField value={filters.server} onChange={(server) => set({ server })} />
        <SelectField
          label={t('state')}
          value={filters.state}
          onChange={(state) => set({ state })}
          options={[{ value: '', label: t('all') }, ...STATES.map((value) => ({ value, label: t(`status.${value}`) }))]}
        />
      </FilterBar>
      <Changes wanted={wanted} />
    </Frame>
  )
}

function Changes({ wanted: { filters, set, isActive, reset } }: { readonly wanted: Wanted }) {
  const t = useText('tool-changes')
  const [open, setOpen] = useState<ToolChange | null>(null)
  const state = STATES.find((one) => one === filters.state)
  const { query, items, onEnd } = usePages('listToolChanges', {
    ...(filters.server !== '' && { server: filters.server }),
    ...(state !== undefined && { state }),
  })
  const empty = isActive ? (
    <Empty title={t('noneLike')} action={<Button onClick={reset}>{t('showAll')}</Button>} />
  ) : (
    <Empty title={t('none')}>{t('noneWhy')}</Empty>
  )
  return (
    <>
      <Loaded query={query} isEmpty={() => items.length === 0} empty={empty}>
        {() => (
          <div className="rounded-md border border-line bg-surface">
            <VirtualList
              label={t('title')}
              items={items}
              keyOf={({ id }) => id}
              rowHeight={84}
              {...(onEnd && { onEnd })}
            >
              {(change) => (
                <ChangeRow change={change} onOpen={() => setOpen(change)} onServer={(server) => set({ server })} />
              )}
            </VirtualList>
          </div>
        )}
      </Loaded>
      {open !== null && <ChangeDialog change={open} onClose={() => setOpen(null)} />}
    </>
  )
}
