// /admin/audit: everything that was done and refused, newest first. The filters stand in the address; the same ones make the file to take away.
import { useState } from 'react'
import { urlOf } from '../../../lib/api/client.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFilters } from '../../../lib/use-filters.ts'
import { Button, DownloadLink } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { VirtualList } from '../../../ui/virtual-list.tsx'
import { AuditEntryDialog } from '../components/audit-entry.tsx'
import { AuditFilterBar } from '../components/audit-filters.tsx'
import {
  FILTERS,
  NO_FILTERS,
  toQuery,
  type AuditEntry,
  type AuditFilters,
  type AuditQuery,
} from '../components/audit-query.ts'
import { AuditRow } from '../components/audit-row.tsx'
import { MOST_NEW, useAudit } from '../components/use-audit.ts'

export function Page() {
  const t = useText('audit')
  const wanted: AuditFilters = useFilters(FILTERS)
  const asked = toQuery(wanted.filters)
  return (
    <Frame title={t('title')} lead={t('lead')} actions={<Exports asked={asked} />}>
      <AuditFilterBar wanted={wanted} />
      <Entries wanted={wanted} asked={asked} />
    </Frame>
  )
}

function Exports({ asked }: { readonly asked: AuditQuery }) {
  const t = useText('audit')
  return (
    <>
      <DownloadLink href={urlOf('exportAudit', { query: { ...asked, format: 'csv' } })}>{t('export.csv')}</DownloadLink>
      <DownloadLink href={urlOf('exportAudit', { query: { ...asked, format: 'jsonl' } })}>
        {t('export.jsonl')}
      </DownloadLink>
    </>
  )
}

interface EntriesProps {
  readonly wanted: AuditFilters
  readonly asked: AuditQuery
}

function Entries({ wanted: { set, isActive, reset }, asked }: EntriesProps) {
  const t = useText('audit')
  const [open, setOpen] = useState<AuditEntry | null>(null)
  const { query, entries, onEnd, newCount, showNew } = useAudit(asked)
  const toTop = (): void => {
    showNew()
    window.scrollTo({ top: 0 })
  }
  const empty = (
    <Empty title={t('none')} action={isActive && <Button onClick={reset}>{t('showAll')}</Button>}>
      {!isActive && t('noneWhy')}
    </Empty>
  )
  return (
    <>
      {/* it lies above the list and takes no room: what one reads must not move */}
      <div role="status" className="sticky top-2 z-5 -mb-5 flex h-0 justify-center">
        {newCount > 0 && (
          <Button icon="refresh" className="h-8 shadow-raised" onClick={toTop}>
            {newCount >= MOST_NEW ? t('newMany', { most: MOST_NEW }) : t('new', { count: newCount })}
          </Button>
        )}
      </div>
      <Loaded query={query} isEmpty={() => entries.length === 0} empty={empty}>
        {() => (
          <div className="rounded-md border border-line bg-surface">
            <VirtualList
              label={t('title')}
              items={entries}
              keyOf={({ id }) => id}
              rowHeight={61}
              {...(onEnd && { onEnd })}
            >
              {(entry) => <AuditRow entry={entry} onOpen={() => setOpen(entry)} />}
            </VirtualList>
          </div>
        )}
      </Loaded>
      {open !== null && (
        <AuditEntryDialog
          entry={open}
          onClose={() => setOpen(null)}
          onFilter={(change) => {
            setOpen(null)
            set({ ...NO_FILTERS, ...change })
          }}
        />
      )}
    </>
  )
}
