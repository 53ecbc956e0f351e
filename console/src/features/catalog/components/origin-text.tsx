// Where a resource is declared, and which tool keeps it as it is there.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'

type Listed = Pick<RouteResponse<'listUserGroups'>['items'][number], 'origin' | 'managedBy'>

export function OriginText({ origin, managedBy }: Listed) {
  const t = useText('catalog')
  if (origin === null) return null
  const where = 'file' in origin ? t('origin.file', origin) : t('origin.namespace', origin)
  const keeper =
    managedBy === null ? '' : managedBy.name === '' ? managedBy.tool : `${managedBy.tool} (${managedBy.name})`
  return (
    <span className="text-small text-muted">
      {where}
      {keeper !== '' && ` · ${t('origin.managedBy', { keeper })}`}
    </span>
  )
}
