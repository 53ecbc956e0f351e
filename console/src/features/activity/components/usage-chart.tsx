// My calls over time, by the hour or by the day, as numbers, as bars, and as a table.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useLanguage, useText } from '../../../lib/i18n/use-text.ts'
import { useFilters } from '../../../lib/use-filters.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { BarChart } from '../../../ui/chart.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { Stats } from '../../../ui/stats.tsx'
import { fillBuckets, sumUp, type Usage } from './fill-buckets.ts'

type Step = Usage['bucket']

export function UsageChart() {
  const t = useText('activity')
  const { filters, set } = useFilters(['by'])
  const bucket: Step = filters.by === 'day' ? 'day' : 'hour'
  const query = useQuery(queryOf('getUsage', { query: { bucket } }))
  return (
    <Section title={t('usage.title')}>
      <div className="max-w-72">
        <SelectField
          label={t('usage.span')}
          value={bucket}
          onChange={(by) => set({ by: by === 'hour' ? '' : by })}
          options={[
            { value: 'hour', label: t('usage.hour') },
            { value: 'day', label: t('usage.day') },
          ]}
        />
      </div>
      <Loaded query={query}>{(usage) => <Chart usage={usage} />}</Loaded>
    </Section>
  )
}

function Chart({ usage }: { readonly usage: Usage }) {
  const t = useText('activity')
  const format = useFormat()
  const labelOf = useLabel(usage.bucket)
  const { calls, failed, meanMs } = sumUp(usage)
  return (
    <>
      <Stats
        label={t('usage.title')}
        stats={[
          { label: t('usage.calls'), value: format.number(calls) },
          { label: t('usage.failed'), value: format.number(failed) },
          { label: t('usage.mean'), value: meanMs === null ? '–' : t('ms', { ms: Math.round(meanMs) }) },
        ]}
      />
      <BarChart
        label={usage.bucket === 'hour' ? t('usage.byHour') : t('usage.byDay')}
        heads={[t('usage.time'), t('usage.calls'), t('usage.failed')]}
        format={format.number}
        bars={fillBuckets(usage).map(({ at, calls: value, failed: bad }) => ({ label: labelOf(at), value, bad }))}
      />
    </>
  )
}

/** Hours are the reader's own; days are counted by the hub, from midnight UTC. */
function useLabel(bucket: Step): (at: number) => string {
  const language = useLanguage()
  const text = new Intl.DateTimeFormat(
    language,
    bucket === 'hour'
      ? { weekday: 'short', hour: '2-digit', minute: '2-digit' }
      : { month: 'short', day: 'numeric', timeZone: 'UTC' },
  )
  return (at) => text.format(at)
}
