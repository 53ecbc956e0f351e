// Something did not work: one sentence by its code, what the hub said of it where no reason says it already, the request id to hand on, and
// another try.
import type { ReactNode } from 'react'
import { ApiFault, isFault } from '../lib/api/fault.ts'
import { useBackSince } from '../lib/events/connection.ts'
import { capital } from '../lib/capital.ts'
import { useText } from '../lib/i18n/use-text.ts'
import { Button } from './button.tsx'
import { CopyButton } from './copy.tsx'
import { Icon } from './icon.tsx'
import { Notice } from './notice.tsx'
import { Told } from './told.tsx'

interface FaultProps {
  readonly error: unknown
  readonly onRetry?: () => void
}

export function Fault(props: FaultProps) {
  const { error, onRetry } = props
  const t = useText('common')
  const backSince = useBackSince()
  // what is no longer so is not said any more
  const isOver = isFault(error, 'unreachable') && (error as ApiFault).at < backSince
  if (!isOver) return <FaultBox {...props} />
  return (
    <Notice tone="calm" action={onRetry && <Button onClick={onRetry}>{t('retry')}</Button>}>
      {t('fault.again')}
    </Notice>
  )
}

function FaultBox({ error, onRetry }: FaultProps) {
  const t = useText('common')
  const tellFault = useFaultText()
  const fault = error instanceof ApiFault ? error : null
  return (
    <div role="alert" className="flex flex-col gap-2 rounded-md border border-bad bg-bad-soft px-4 py-3">
      <p className="flex items-start gap-2 font-medium">
        <Icon name="alert" size={20} />
        <span>{tellFault(error)}</span>
      </p>
      {fault !== null && fault.status > 0 && fault.reason === null && (
        <p className="text-small">
          <Told text={fault.message} said={fault.said} isAlone />
        </p>
      )}
      {fault?.requestId && (
        <p className="flex flex-wrap items-center gap-2 text-small">
          <span>{t('fault.request')}</span>
          <code>{fault.requestId}</code>
          <CopyButton text={fault.requestId} label={t('fault.copyRequest')} />
        </p>
      )}
      {onRetry && (
        <div>
          <Button onClick={onRetry}>{t('retry')}</Button>
        </div>
      )}
    </div>
  )
}

/** The sentence alone, for a place beside a field or in a message that fades. The reason says more than the code where there is one. */
export function useFaultText(): (error: unknown) => string {
  const t = useText('errors')
  return (error) => {
    if (!(error instanceof ApiFault)) return t('internal')
    const { reason } = error
    return reason === null ? t(error.code) : t(`reason.${reason}`, { count: error.retryAfterSeconds ?? 30 })
  }
}

/** What the hub has against one field, in the reader's language; `otherwise` where it gives no code for it. Null: nothing. */
export function useFieldFault(): (error: unknown, field: string, otherwise: string) => string | null {
  const t = useText('errors')
  return (error, field, otherwise) => {
    if (!(error instanceof ApiFault)) return null
    const found = error.faults.find((one) => one.field === field || one.field.endsWith(`.${field}`))
    if (found === undefined) return null
    return found.code === undefined ? otherwise : t(`reason.${found.code}`)
  }
}

/** What the hub says of one field: `body.username`, or a name below it. Null where it has nothing against it. */
export function faultOf(error: unknown, field: string): ReactNode {
  if (!(error instanceof ApiFault)) return null
  const found = error.faults.find((one) => one.field === field || one.field.endsWith(`.${field}`))
  return found === undefined ? null : <Told text={capital(found.message)} said={found.said} isAlone />
}
