// A changed tool, its text before and now, and the decision on it, with what that means. What a server shows one person alone is that
// person's: of it only the hash is seen.
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { outline } from '../../../lib/outline.ts'
import { useMe } from '../../../lib/session.ts'
import { Button } from '../../../ui/button.tsx'
import { CopyBlock } from '../../../ui/copy.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Diff } from '../../../ui/diff.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { toast } from '../../../ui/toast.tsx'
import { Shown, StateBadge, type ToolChange } from './change-row.tsx'

interface ChangeDialogProps {
  readonly change: ToolChange
  readonly onClose: () => void
}

export function ChangeDialog({ change, onClose }: ChangeDialogProps) {
  const t = useText('tool-changes')
  const { role } = useMe()
  const { id, server, tool, state, invisible } = change
  const decide = useChange('decideToolChange', {
    renews: ['toolChanges', 'tools', 'servers'],
    onDone: (after) => {
      toast(after.state === 'approved' ? t('approved') : t('held'))
      onClose()
    },
  })
  const send = (decision: 'approve' | 'hold'): void => decide.mutate({ params: { id }, body: { decision } })
  const canDecide = role === 'admin'
  return (
    <Dialog
      wide
      title={t('open', { server, tool })}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t('close')}</Button>
          {canDecide && state !== 'held' && (
            <Button kind="danger" busy={decide.isPending} onClick={() => send('hold')}>
              {t('hold')}
            </Button>
          )}
          {canDecide && state !== 'approved' && (
            <Button kind="primary" busy={decide.isPending} onClick={() => send('approve')}>
              {t('approve')}
            </Button>
          )}
        </>
      }
    >
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StateBadge state={state} />
        <Shown change={change} />
      </p>
      <p className="max-w-prose">{t(`means.${state}`)}</p>
      {invisible.length > 0 && <Notice>{t('invisibleWhy', { codes: invisible, count: invisible.length })}</Notice>}
      <Texts change={change} />
      <dl className="grid gap-1 text-small text-muted">
        {canDecide ? <Meanings state={state} server={server} /> : <dd>{t('auditor')}</dd>}
      </dl>
      {decide.error !== null && <Fault error={decide.error} />}
    </Dialog>
  )
}

/** What each button does. */
function Meanings({ state, server }: Pick<ToolChange, 'state' | 'server'>) {
  const t = useText('tool-changes')
  return (
    <>
      {state !== 'approved' && (
        <div>
          <dt className="inline font-medium text-text">{t('approve')}: </dt>
          <dd className="inline">{t('approveMeans', { server })}</dd>
        </div>
      )}
      {state !== 'held' && (
        <div>
          <dt className="inline font-medium text-text">{t('hold')}: </dt>
          <dd className="inline">{t('holdMeans', { server })}</dd>
        </div>
      )}
    </>
  )
}

function Texts({ change: { tool, before, after, hash } }: { readonly change: ToolChange }) {
  const t = useText('tool-changes')
  if (after === null) {
    return (
      <>
        <p className="max-w-prose">{t('personal')}</p>
        <CopyBlock label={t('hash')} text={hash} />
      </>
    )
  }
  const [was, is] = [before === null ? [] : outline(before), outline(after)]
  return (
    <>
      {'tooLarge' in after && <p className="max-w-prose">{t('tooLarge')}</p>}
      {before === null && <p className="max-w-prose">{t('noBefore')}</p>}
      {was.join('\n') === is.join('\n') ? (
        <p className="max-w-prose">{t('sameShown')}</p>
      ) : (
        <Diff label={t('diff', { tool })} before={was} after={is} />
      )}
    </>
  )
}
