// Until when something holds: a few usual spans, or a day of one's own. Told as the moment it ends, or null for never.
import { useState } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { useFormat } from '../lib/use-format.ts'
import { CONTROL, Field } from './field.tsx'
import { SelectField } from './select.tsx'

const DAY_MS = 24 * 60 * 60 * 1000
const SPANS = [7, 30, 90, 365] as const

interface ExpiryFieldProps {
  readonly label: string
  readonly help?: string
  readonly fault?: string | null
  /** ISO 8601; null: never */
  readonly value: string | null
  readonly onChange: (until: string | null) => void
}

/** The end of that day where the person is. */
const endOf = (day: string): string => new Date(`${day}T23:59:59`).toISOString()
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString()
const dayOf = (moment: number): string => new Date(moment).toLocaleDateString('sv')
const today = (): string => dayOf(Date.now())

export function ExpiryField({ label, help, fault, value, onChange }: ExpiryFieldProps) {
  const t = useText('common')
  const format = useFormat()
  const [span, setSpan] = useState(() => spanOf(value))
  const [day, setDay] = useState(value === null ? '' : dayOf(new Date(value).getTime()))
  const choose = (next: string): void => {
    setSpan(next)
    if (next === 'never') onChange(null)
    else if (next !== 'day') onChange(inDays(Number(next)))
    else if (day !== '') onChange(endOf(day))
  }
  return (
    <div className="grid gap-3 md:grid-cols-2">
      <SelectField
        label={label}
        help={value === null ? help : t('expiry.at', { time: format.time(value) })}
        fault={fault ?? null}
        value={span}
        onChange={choose}
        options={[
          ...SPANS.map((days) => ({ value: String(days), label: t('expiry.days', { count: days }) })),
          { value: 'day', label: t('expiry.day') },
          { value: 'never', label: t('expiry.never') },
        ]}
      />
      {span === 'day' && (
        <Field label={t('expiry.until')}>
          {(control) => (
            <input
              {...control}
              type="date"
              className={CONTROL}
              min={today()}
              value={day}
              onChange={(event) => {
                setDay(event.target.value)
                if (event.target.value !== '') onChange(endOf(event.target.value))
              }}
            />
          )}
        </Field>
      )}
    </div>
  )
}

/** The usual span it is, within an hour. */
function spanOf(value: string | null): string {
  if (value === null) return 'never'
  const left = new Date(value).getTime() - Date.now()
  return String(SPANS.find((days) => Math.abs(left - days * DAY_MS) < DAY_MS / 24) ?? 'day')
}
