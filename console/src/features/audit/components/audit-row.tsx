// One entry of the audit: what, on what, by whom, when, how it ended.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge, type Tone } from '../../../ui/badge.tsx'
import { VisibleText } from '../../../ui/diff.tsx'
import { Time } from '../../../ui/time.tsx'
import { useActionName } from '../../../lib/action-names.ts'
import type { AuditEntry } from './audit-query.ts'
import { useTarget } from './use-target.ts'

const TONES: Readonly<Record<AuditEntry['outcome'], Tone>> = {
  ok: 'good',
  error: 'bad',
  refused: 'warn',
  canceled: 'calm',
}

export function OutcomeBadge({ outcome }: Pick<AuditEntry, 'outcome'>) {
  const t = useText('audit')
  return <Badge tone={TONES[outcome]}>{t(`outcome.${outcome}`)}</Badge>
}

/** After a person was erased only their id is left; without one nobody showed anything valid, or the hub acted by itself. */
export function useWho(): (entry: AuditEntry) => string {
  const t = useText('audit')
  return ({ userId, username, kind }) => {
    if (username !== null) return username
    if (userId !== null) return t('who.erased', { id: userId.slice(0, 8) })
    return kind === 'auth' ? t('who.nobody') : t('who.hub')
  }
}

interface AuditRowProps {
  readonly entry: AuditEntry
  readonly onOpen: () => void
}

export function AuditRow({ entry, onOpen }: AuditRowProps) {
  const t = useText('audit')
  const words = useActionName()(entry.action)
  const who = useWho()(entry)
  const target = useTarget()(entry)
  const { at, server, via, outcome, detail } = entry
  return (
    <div className="relative flex flex-wrap items-start gap-x-4 gap-y-1 border-b border-line px-4 py-2 hover:bg-raised">
      <div className="flex min-w-0 flex-1 basis-64 flex-col">
        <p className="line-clamp-2">
          <button
            type="button"
            onClick={onOpen}
            className="text-left font-semibold after:absolute after:inset-0 hover:underline"
          >
            {words}
          </button>
          {target !== null && (
            <>
              {' '}
              <bdi className="text-muted">
                <VisibleText text={target} />
              </bdi>
            </>
          )}
        </p>
        <p className="flex flex-wrap gap-x-3 text-small text-muted">
          <Time at={at} />
          <bdi>{who}</bdi>
          {via !== null && <span>{t(`via.${via}`)}</span>}
          {server !== null && <span>{server}</span>}
          {detail !== null && <span>{t('hasDetail')}</span>}
        </p>
      </div>
      <OutcomeBadge outcome={outcome} />
    </div>
  )
}
