// One entry of the audit with all that is kept of it: what the change found and left, as a diff, and the ways to what belongs to it.
import { useText } from '../../../lib/i18n/use-text.ts'
import { outline } from '../../../lib/outline.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Button } from '../../../ui/button.tsx'
import { CopyButton } from '../../../ui/copy.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Diff, VisibleText } from '../../../ui/diff.tsx'
import { Facts } from '../../../ui/facts.tsx'
import { useActionName } from '../../../lib/action-names.ts'
import { isCode, type AuditEntry, type AuditFilters } from './audit-query.ts'
import { useTarget } from './use-target.ts'
import { OutcomeBadge, useWho } from './audit-row.tsx'

interface AuditEntryDialogProps {
  readonly entry: AuditEntry
  /** shows what belongs to it */
  readonly onFilter: AuditFilters['set']
  readonly onClose: () => void
}

export function AuditEntryDialog({ entry, onFilter, onClose }: AuditEntryDialogProps) {
  const t = useText('audit')
  const words = useActionName()(entry.action)
  const { requestId, username } = entry
  return (
    <Dialog
      wide
      title={words}
      onClose={onClose}
      actions={
        <>
          {username !== null && <Button onClick={() => onFilter({ user: username })}>{t('allOfPerson')}</Button>}
          <Button onClick={() => onFilter({ requestId })}>{t('allOfRequest')}</Button>
          <Button kind="primary" onClick={onClose}>
            {t('close')}
          </Button>
        </>
      }
    >
      <EntryFacts entry={entry} />
      {entry.detail !== null && <Change detail={entry.detail} words={words} />}
    </Dialog>
  )
}

function EntryFacts({ entry }: { readonly entry: AuditEntry }) {
  const t = useText('audit')
  const format = useFormat()
  const who = useWho()(entry)
  const shown = useTarget()(entry)
  const { at, action, server, target, via, requestId, keyId, sessionId, durationMs, argumentsHash } = entry
  const code = (text: string | null) => text !== null && <code className="break-all">{text}</code>
  const fact = (label: string, value: string | null) => (value === null ? null : { label, value: code(value) })
  return (
    <Facts
      facts={[
        { label: t('fact.outcome'), value: <Outcome entry={entry} /> },
        { label: t('fact.at'), value: <time dateTime={at}>{`${format.time(at)} (${at})`}</time> },
        { label: t('filter.user'), value: <bdi>{who}</bdi> },
        via === null ? null : { label: t('filter.via'), value: t(`via.${via}`) },
        shown === null ? null : { label: t('fact.target'), value: <VisibleText text={shown} /> },
        target === null || target === shown
          ? null
          : { label: t('fact.asTarget'), value: <VisibleText text={target} /> },
        fact(t('filter.server'), server),
        fact(t('fact.action'), action),
        {
          label: t('filter.requestId'),
          value: (
            <span className="-my-1 flex flex-wrap items-center gap-2">
              {code(requestId)}
              <CopyButton text={requestId} label={t('copyRequest')} />
            </span>
          ),
        },
        fact(t('fact.userId'), entry.userId),
        fact(t('fact.credential'), keyId),
        fact(t('fact.session'), sessionId),
        { label: t('fact.duration'), value: t('milliseconds', { ms: Math.round(durationMs) }) },
        fact(t('fact.arguments'), argumentsHash),
      ]}
    />
  )
}

function Outcome({ entry: { outcome, code } }: { readonly entry: AuditEntry }) {
  const tellError = useText('errors')
  return (
    <span className="flex flex-wrap items-center gap-2">
      <OutcomeBadge outcome={outcome} />
      {code !== null && <span>{isCode(code) ? tellError(code) : code}</span>}
      {code !== null && <code className="text-small text-muted">{code}</code>}
    </span>
  )
}

interface ChangeProps {
  readonly detail: NonNullable<AuditEntry['detail']>
  readonly words: string
}

/** Null before: it was made; null after: it is gone. */
function Change({ detail: { before, after }, words }: ChangeProps) {
  const t = useText('audit')
  const linesOf = (value: unknown): readonly string[] => (value === null ? [] : outline(value))
  return (
    <section aria-label={t('change')} className="flex flex-col gap-2">
      <h3 className="font-semibold">{t('change')}</h3>
      {before === null && <p className="text-small text-muted">{t('made')}</p>}
      {after === null && <p className="text-small text-muted">{t('gone')}</p>}
      <Diff label={t('changeOf', { action: words })} before={linesOf(before)} after={linesOf(after)} />
    </section>
  )
}
