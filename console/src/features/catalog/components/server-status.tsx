// How a server of the catalogue does for everybody: one word and one sentence.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge, type Tone } from '../../../ui/badge.tsx'
import { Told } from '../../../ui/told.tsx'

export type ListedServer = RouteResponse<'listAdminServers'>['items'][number]
export type ServerStatus = ListedServer['status']

export const TONES: Readonly<Record<ServerStatus, Tone>> = {
  Ready: 'good',
  Undiscovered: 'calm',
  MissingVariable: 'warn',
  Installing: 'calm',
  Failed: 'bad',
  Disabled: 'calm',
}

export function StatusBadge({ status }: Pick<ListedServer, 'status'>) {
  const t = useText('servers')
  return <Badge tone={TONES[status]}>{t(`status.${status}`)}</Badge>
}

export function StatusReason({ server: { statusCode, statusParams, statusSaid } }: { readonly server: ListedServer }) {
  const t = useText('servers')
  if (statusCode === 'ready') return null
  // of people's own values the catalogue knows nothing: what is missing is an administrator's to give
  const isOrganisation = statusCode === 'missingVariable'
  const said = statusParams['message']
  return (
    <>
      <p className="max-w-prose">
        {isOrganisation ? t('reason.missingOrganisation', statusParams) : t(`reason.${statusCode}`, statusParams)}
      </p>
      {typeof said === 'string' && (
        <p className="max-w-prose text-small break-words text-muted">
          <Told text={said} said={statusSaid} isAlone />
        </p>
      )}
    </>
  )
}
