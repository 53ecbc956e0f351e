// Before a manifest is saved: what it means for whom, what changes in the text. And after, where somebody else was quicker: both texts.
import type { ManifestConflict } from '@mcphub/api'
import { useState } from 'react'
import { ApiFault } from '../../../lib/api/fault.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Diff } from '../../../ui/diff.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { useSaveManifest, type Manifest } from '../api/manifests.ts'
import type { Check } from '../api/use-check.ts'
import { ConflictNotice } from './conflict-notice.tsx'
import type { Base } from './drafts.ts'
import { EffectText } from './effect-text.tsx'
import { FaultList } from './fault-list.tsx'
import { readManifest, textAt, valueAt } from './form/manifest.ts'
import type { Kind } from './kind.ts'
import { linesOf } from './lines-of.ts'
import { OwnerTable } from './owner-table.tsx'
import type { DraftState } from './use-draft.ts'

interface ReviewDialogProps {
  readonly kind: Kind
  readonly draft: DraftState
  readonly check: Check
  readonly onGo: (line: number) => void
  /** to choose one change after another */
  readonly onCompare: (theirs: string) => void
  readonly onClose: () => void
  readonly onSaved: (saved: Manifest) => void
}

export function ReviewDialog(props: ReviewDialogProps) {
  const { kind, draft, check, onCompare, onClose, onSaved } = props
  const t = useText('catalog')
  const save = useSaveManifest(kind, onSaved)
  /** the fault that has been dealt with */
  const [settled, setSettled] = useState<unknown>(null)
  const error = save.error === settled ? null : save.error
  const conflict = conflictOf(error)
  const isReady = check.checked !== null && check.checked.faults.length === 0
  const saveIt = (): void => {
    const name = textAt(readManifest(draft.text).data, ['metadata', 'name'])
    save.mutate({ params: { name }, body: { yaml: draft.text, version: draft.base?.version ?? null } })
  }
  return (
    <Dialog
      wide
      title={t('review.title')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t('review.back')}</Button>
          {conflict === null && (
            <Button kind="primary" disabled={!isReady} busy={save.isPending} onClick={saveIt}>
              {t('review.save')}
            </Button>
          )}
        </>
      }
    >
      {conflict === null ? (
        <>
          <Review {...props} />
          {error !== null && <Fault error={error} />}
        </>
      ) : (
        <Conflict
          conflict={conflict}
          mine={draft.text}
          onGoOn={(draftOn) => {
            draft.replace(draftOn)
            setSettled(error)
          }}
          onCompare={onCompare}
        />
      )}
    </Dialog>
  )
}

const NONE = { yaml: '' }

function Review({ kind, draft, check: { checked, error, retry }, onGo }: ReviewDialogProps) {
  const t = useText('catalog')
  const { yaml: before } = draft.base ?? NONE
  const isNew = draft.base === null
  return (
    <>
      {error !== null && <Fault error={error} onRetry={retry} />}
      {checked === null && error === null && <Skeleton label={t('review.checking')} />}
      {checked !== null && checked.faults.length > 0 && <FaultList faults={checked.faults} onGo={onGo} />}
      {checked?.effect && <EffectText effect={checked.effect} isForNobody={isNew && isByGroups(kind, draft.text)} />}
      <Diff label={t('review.diff')} before={linesOf(before)} after={linesOf(draft.text)} />
    </>
  )
}

/** Of a server that is there for whom a group gives it to, and for nobody else. */
function isByGroups(kind: Kind, text: string): boolean {
  const { data } = readManifest(text)
  const isOn = valueAt(data, ['spec', 'enabled']) !== false
  return kind === 'McpServer' && isOn && textAt(data, ['spec', 'access']) !== 'Everyone'
}

interface ConflictProps {
  readonly conflict: ManifestConflict
  readonly mine: string
  readonly onGoOn: (draft: { readonly text: string; readonly base: Base | null }) => void
  readonly onCompare: (theirs: string) => void
}

function Conflict({ conflict, mine, onGoOn, onCompare }: ConflictProps) {
  const t = useText('catalog')
  const { reason, yaml, version, owners } = conflict
  if (reason === 'owned') {
    return (
      <>
        <p>{t('conflict.owned')}</p>
        <OwnerTable label={t('parts.owners')} owners={owners} />
      </>
    )
  }
  const theirs = yaml === null || version === null ? null : { yaml, version }
  return (
    <ConflictNotice
      reason={reason}
      mine={mine}
      theirs={theirs}
      onKeepMine={() => onGoOn({ text: mine, base: theirs })}
      onTakeTheirs={() => onGoOn({ text: theirs?.yaml ?? mine, base: theirs })}
      onCompare={() => {
        onGoOn({ text: mine, base: theirs })
        onCompare(theirs?.yaml ?? '')
      }}
    />
  )
}

/** Null: something else went wrong, or nothing. */
function conflictOf(error: unknown): ManifestConflict | null {
  if (!(error instanceof ApiFault) || error.code !== 'conflict') return null
  const { data } = error
  return 'owners' in data && 'version' in data ? (data as unknown as ManifestConflict) : null
}
