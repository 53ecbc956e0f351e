// What the servers said of a value: it works, it does not, or they could not be asked. Never what they answered.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge } from '../../../ui/badge.tsx'
import { CopyButton } from '../../../ui/copy.tsx'
import { Fault } from '../../../ui/fault.tsx'

export type Use = 'none' | 'answered' | 'refusedNow'

const USE_WORDS = { none: 'check.none', answered: 'check.answered', refusedNow: 'check.refusedNow' } as const

interface VerificationProps {
  /** said where no server has a check */
  readonly otherwise: Use

  readonly state: {
    readonly data: RouteResponse<'verifyVariable'> | undefined
    readonly error: unknown
    readonly isPending: boolean
  }
}

export function Verification({ state: { data, error, isPending }, otherwise }: VerificationProps) {
  const t = useText('servers')
  if (error !== null) return <Fault error={error} />
  return (
    <div role="status" className="flex flex-col gap-1">
      {isPending && <p className="text-small text-muted">{t('check.running')}</p>}
      {data?.items.length === 0 && <p className="text-small text-muted">{t(USE_WORDS[otherwise])}</p>}
      {data?.items.map((item) => (
        <Item key={item.requestId} item={item} />
      ))}
    </div>
  )
}

function Item({ item }: { readonly item: RouteResponse<'verifyVariable'>['items'][number] }) {
  const t = useText('servers')
  const tellError = useText('errors')
  const { server, ok, code, params, error, requestId } = item
  return (
    <p className="flex flex-wrap items-center gap-2 text-small">
      <Badge tone={ok ? 'good' : 'bad'}>{server}</Badge>
      <span>{t(`check.${code}`, params)}</span>
      {error !== null && <span>{tellError(error)}</span>}
      {!ok && <CopyButton text={requestId} label={t('check.copyRequest')} />}
    </p>
  )
}
