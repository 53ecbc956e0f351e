// What the audit is narrowed by. The first four are what one mostly looks for; the others are folded until one of them is in use.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { ComboField, type ComboOption } from '../../../ui/combo.tsx'
import { FilterBar } from '../../../ui/filter-bar.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { useActions } from '../../../lib/action-names.ts'
import { KINDS, type AuditFilters } from './audit-query.ts'
import { MoreFilters } from './more-filters.tsx'

export function AuditFilterBar({ wanted }: { readonly wanted: AuditFilters }) {
  const t = useText('audit')
  const { filters, set, isActive, reset } = wanted
  return (
    <div className="flex flex-col gap-3">
      <FilterBar isActive={isActive} onReset={reset}>
        <SelectField
          label={t('filter.kind')}
          value={filters.kind}
          onChange={(kind) => set({ kind })}
          options={[{ value: '', label: t('all') }, ...KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))]}
        />
        <PersonField value={filters.user} onChange={(user) => set({ user })} />
        <ActionField value={filters.action} onChange={(action) => set({ action })} />
        <ServerField value={filters.server} onChange={(server) => set({ server })} />
      </FilterBar>
      <MoreFilters wanted={wanted} />
    </div>
  )
}

interface OneFieldProps {
  /** empty: all */
  readonly value: string
  readonly onChange: (value: string) => void
}

const plain = (value: string): ComboOption => ({ value, label: value })
const orNone = (value: string): ComboOption | null => (value === '' ? null : plain(value))

/** What was typed may be chosen, too: who or what is gone by now has left records. */
const withTyped = (found: readonly ComboOption[], typed: string): readonly ComboOption[] =>
  typed === '' || found.some(({ value }) => value === typed) ? found : [...found, plain(typed)]

function PersonField({ value, onChange }: OneFieldProps) {
  const t = useText('audit')
  const [typed, setTyped] = useState('')
  const search = typed.trim().toLowerCase()
  const { data } = useQuery(queryOf('listUsers', { query: { limit: 12, state: 'all', ...(search && { search }) } }))
  const found = (data?.items ?? []).map(({ username }) => plain(username))
  return (
    <ComboField
      label={t('filter.user')}
      value={orNone(value)}
      options={withTyped(found, search)}
      onSearch={setTyped}
      onChange={(chosen) => onChange(chosen?.value ?? '')}
    />
  )
}

function ActionField({ value, onChange }: OneFieldProps) {
  const t = useText('audit')
  const options = useActions().map(({ action, words }): ComboOption => ({ value: action, label: words }))
  return (
    <ComboField
      label={t('filter.action')}
      value={options.find((option) => option.value === value) ?? orNone(value)}
      options={options}
      onChange={(chosen) => onChange(chosen?.value ?? '')}
    />
  )
}

function ServerField({ value, onChange }: OneFieldProps) {
  const t = useText('audit')
  const [typed, setTyped] = useState('')
  const search = typed.trim().toLowerCase()
  const { data } = useQuery(queryOf('listAdminServers'))
  const found = (data?.items ?? []).filter(({ name }) => name.includes(search)).map(({ name }) => plain(name))
  return (
    <ComboField
      label={t('filter.server')}
      value={orNone(value)}
      options={withTyped(found.slice(0, 11), search)}
      onSearch={setTyped}
      onChange={(chosen) => onChange(chosen?.value ?? '')}
    />
  )
}
