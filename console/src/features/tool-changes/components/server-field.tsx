// One of the catalogue's servers, or all of them. A server that is gone from the catalogue may still be asked for by its address.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { ComboField } from '../../../ui/combo.tsx'

interface ServerFieldProps {
  /** empty: all */
  readonly value: string
  readonly onChange: (server: string) => void
}

export function ServerField({ value, onChange }: ServerFieldProps) {
  const t = useText('tool-changes')
  const { data } = useQuery(queryOf('listAdminServers'))
  const options = (data?.items ?? []).map(({ name }) => ({ value: name, label: name }))
  return (
    <ComboField
      label={t('server')}
      value={value === '' ? null : { value, label: value }}
      options={options}
      onChange={(chosen) => onChange(chosen?.value ?? '')}
    />
  )
}
