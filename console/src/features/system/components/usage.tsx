// What the hub is used for, of all people together: calls over time as a chart, and by server as a table.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFilters } from '../../../lib/use-filters.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { BarChart } from '../../../ui/chart.tsx'
import { ComboField } from '../../../ui/combo.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { FilterBar } from '../../../ui/filter-bar.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { Stats } from '../../../ui/stats.tsx'
import { UsageTable } from './usage-table.tsx'
import { sumByServer, sumByTime, sumOf, type UsageAnswer } from './usage-sums.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const SPANS = {
  day: { bucket: 'hour', ms: DAY_MS },
  week: { bucket: 'hour', ms: 7 * DAY_MS },
  month: { bucket: 'day', ms: 30 * DAY_MS },
  quarter: { bucket: 'day', ms: 90 * DAY_MS },
} as const
const NAMES = ['day', 'week', 'month', 'quarter'] as const satisfies readonly (keyof typeof SPANS)[]

/** To the hour, so that the same question has the same answer for a while. */
const startOf = (ms: number): string => new Date(Math.floor((Date.now() - ms) / HOUR_MS) * HOUR_MS).toISOString()

/** No news are told of it: there would be some for each call. */
const EACH_MINUTE = { placeholderData: keepPreviousData, refetchInterval: MINUTE_MS } as const

export function Usage() {
  const t = useText('system')
  const { filters, set, isActive, reset } = useFilters(['span', 'server'])
  const span = NAMES.find((one) => one === filters.span) ?? 'month'
  const { bucket, ms } = SPANS[span]
  const asked = { bucket, since: startOf(ms) }
  const server = filters.server === '' ? {} : { server: filters.server }
  const overTime = useQuery({
    ...queryOf('getAllUsage', { query: { ...asked, ...server, by: 'time' } }),
    ...EACH_MINUTE,
  })
  const byServer = useQuery({ ...queryOf('getAllUsage', { query: { ...asked, by: 'server' } }), ...EACH_MINUTE })
  const sums = useMemo(() => (byServer.data ? sumByServer(byServer.data) : []), [byServer.data])
  return (
    <div className="flex flex-col gap-6">
      <FilterBar isActive={isActive} onReset={reset}>
        <SelectField
          label={t('span')}
          value={span}
          onChange={(next) => set({ span: next })}
          options={NAMES.map((value) => ({ value, label: t(`span.${value}`) }))}
        />
        <ComboField
          label={t('server')}
          value={filters.server === '' ? null : { value: filters.server, label: filters.server }}
          options={sums.map(({ server: value }) => ({ value, label: value }))}
          onChange={(chosen) => set({ server: chosen?.value ?? '' })}
        />
      </FilterBar>
      <Loaded
        query={overTime}
        isEmpty={({ buckets }) => buckets.length === 0}
        empty={<Empty title={t('noUsage')}>{t('noUsageWhy')}</Empty>}
      >
        {(usage) => <OverTime usage={usage} />}
      </Loaded>
      {sums.length > 0 && (
        <Section title={t('byServer')}>
          <UsageTable sums={sums} chosen={filters.server} onChoose={(chosen) => set({ server: chosen })} />
        </Section>
      )}
    </div>
  )
}

function OverTime({ usage }: { readonly usage: UsageAnswer }) {
  const t = useText('system')
  const format = useFormat()
  const times = useMemo(() => sumByTime(usage), [usage])
  const { calls, errors, refused, meanMs } = sumOf(usage.buckets)
  const isByDay = usage.bucket === 'day'
  return (
    <>
      <Stats
        label={t('usage')}
        stats={[
          { label: t('calls'), value: format.number(calls) },
          { label: t('errors'), value: format.number(errors) },
          { label: t('refused'), value: format.number(refused) },
          { label: t('mean'), value: meanMs === null ? '–' : t('milliseconds', { ms: Math.round(meanMs) }) },
        ]}
      />
      <BarChart
        label={isByDay ? t('callsByDay') : t('callsByHour')}
        heads={[t('time'), t('calls'), t('errors')]}
        format={format.number}
        bars={times.map((sum) => ({
          label: isByDay ? format.date(sum.at) : format.time(sum.at),
          value: sum.calls,
          bad: sum.errors,
        }))}
      />
    </>
  )
}
