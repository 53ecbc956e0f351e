// Why nothing can be changed here, in a sentence; and that an auditor reads.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Notice } from '../../../ui/notice.tsx'

export type Reason = NonNullable<RouteResponse<'getCatalogState'>['readOnly']>

export function ReadOnlyReason({ reason }: { readonly reason: Reason | null }) {
  const t = useText('catalog')
  const { role } = useMe()
  if (reason !== null) {
    const { code, params } = reason
    const named = code === 'gitops' && params['name'] !== '' ? t('readOnly.gitopsNamed', words(params)) : null
    return (
      <Notice tone="calm" title={t('readOnly.title')}>
        {named ?? t(`readOnly.${code}`, words(params))}
      </Notice>
    )
  }
  if (role === 'admin') return null
  return (
    <Notice tone="calm" title={t('readOnly.title')}>
      {t('readOnly.auditor')}
    </Notice>
  )
}

const words = (params: Reason['params']): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]))
