// A server's state in one word, and in one sentence that says what to do.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge, type Tone } from '../../../ui/badge.tsx'
import type { IconName } from '../../../ui/icon.tsx'
import type { Server, ServerStatus } from './find-servers.ts'

const LOOKS: Readonly<Record<ServerStatus, readonly [tone: Tone, icon?: IconName]>> = {
  Ready: ['good'],
  Undiscovered: ['calm', 'clock'],
  MissingVariable: ['warn'],
  Installing: ['calm', 'clock'],
  Failed: ['bad'],
  Disabled: ['calm'],
}

export function StatusBadge({ status }: { readonly status: ServerStatus }) {
  const t = useText('servers')
  const [tone, icon] = LOOKS[status]
  return (
    <Badge tone={tone} {...(icon && { icon })}>
      {t(`status.${status}`)}
    </Badge>
  )
}

/** Null where the word alone says it all. */
export function useStatusReason(): (server: Server) => string | null {
  const t = useText('servers')
  return ({ statusCode, statusParams }) => {
    if (statusCode === 'ready') return null
    const isOthers = statusCode === 'missingVariable' && String(statusParams['variables'] ?? '') === ''
    return isOthers ? t('reason.missingOrganisation', statusParams) : t(`reason.${statusCode}`, statusParams)
  }
}
