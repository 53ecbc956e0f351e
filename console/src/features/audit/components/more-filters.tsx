// Filters one needs less often: how it ended, with which code, by what, in which request, when.
import { useState, type ComponentProps } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { TextField } from '../../../ui/field.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { CODES, OUTCOMES, toLocal, toTime, VIAS, type AuditFilters } from './audit-query.ts'

const MORE = ['outcome', 'code', 'via', 'requestId', 'since', 'until'] as const

export function MoreFilters({ wanted: { filters, set } }: { readonly wanted: AuditFilters }) {
  const t = useText('audit')
  const tellError = useText('errors')
  const [isOpen, setOpen] = useState(() => MORE.some((name) => filters[name] !== ''))
  const all = { value: '', label: t('all') }
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="w-fit p-1 text-small">{t('filter.more')}</summary>
      <div className="mt-2 grid gap-3 md:grid-cols-3">
        <SelectField
          label={t('filter.outcome')}
          value={filters.outcome}
          onChange={(outcome) => set({ outcome })}
          options={[all, ...OUTCOMES.map((value) => ({ value, label: t(`outcome.${value}`) }))]}
        />
        <SelectField
          label={t('filter.code')}
          value={filters.code}
          onChange={(code) => set({ code })}
          options={[all, ...CODES.map((value) => ({ value, label: tellError(value) }))]}
        />
        <SelectField
          label={t('filter.via')}
          value={filters.via}
          onChange={(via) => set({ via })}
          options={[all, ...VIAS.map((value) => ({ value, label: t(`via.${value}`) }))]}
        />
        <SettledField
          label={t('filter.requestId')}
          value={filters.requestId}
          onChange={(requestId) => set({ requestId: requestId.trim() })}
          maxLength={128}
          spellCheck={false}
          autoComplete="off"
        />
        <SettledField
          type="datetime-local"
          label={t('filter.since')}
          value={toLocal(filters.since)}
          onChange={(since) => set({ since: toTime(since) ?? '' })}
        />
        <SettledField
          type="datetime-local"
          label={t('filter.until')}
          value={toLocal(filters.until)}
          onChange={(until) => set({ until: toTime(until) ?? '' })}
        />
      </div>
    </details>
  )
}

/** Told when one is done with it: a half-typed id or date finds nothing. */
function SettledField({ value, onChange, ...field }: ComponentProps<typeof TextField>) {
  const [typed, setTyped] = useState(value)
  const [shown, setShown] = useState(value)
  // the address says something else now
  if (shown !== value) {
    setShown(value)
    setTyped(value)
  }
  const settle = (): void => {
    if (typed !== value) onChange(typed)
  }
  return (
    <TextField
      {...field}
      value={typed}
      onChange={setTyped}
      onBlur={settle}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && !event.nativeEvent.isComposing) settle()
      }}
    />
  )
}
