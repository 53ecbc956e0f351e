// Somebody else was there meanwhile: both texts, and the ways on. None of them loses what was typed here, unless one says so.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { Diff } from '../../../ui/diff.tsx'
import { Notice } from '../../../ui/notice.tsx'
import type { Base } from './drafts.ts'
import { linesOf } from './lines-of.ts'

interface ConflictNoticeProps {
  readonly reason: 'edited' | 'exists' | 'gone'
  readonly mine: string
  /** null: it is not there any more */
  readonly theirs: Base | null
  readonly onKeepMine: () => void
  readonly onTakeTheirs: () => void
  readonly onCompare: () => void
}

export function ConflictNotice({ reason, mine, theirs, onKeepMine, onTakeTheirs, onCompare }: ConflictNoticeProps) {
  const t = useText('catalog')
  return (
    <section aria-label={t('conflict.title')} className="flex flex-col gap-3">
      <Notice title={t('conflict.title')}>{t(`conflict.${reason}`)}</Notice>
      {theirs !== null && <Diff label={t('conflict.diff')} before={linesOf(theirs.yaml)} after={linesOf(mine)} />}
      <div className="flex flex-wrap gap-2">
        {theirs !== null && (
          <Button kind="primary" onClick={onCompare}>
            {t('conflict.compare')}
          </Button>
        )}
        <Button onClick={onKeepMine}>{theirs === null ? t('conflict.makeAnew') : t('conflict.keepMine')}</Button>
        {theirs !== null && <Button onClick={onTakeTheirs}>{t('conflict.takeTheirs')}</Button>}
      </div>
    </section>
  )
}
