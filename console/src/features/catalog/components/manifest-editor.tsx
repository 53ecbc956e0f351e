// A manifest that is made or changed: as a form, as text, who owns what; its faults as they are found; and the way to saving it.
import { useEffect, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Tabs, type Tab } from '../../../ui/tabs.tsx'
import { toast } from '../../../ui/toast.tsx'
import type { Manifest } from '../api/manifests.ts'
import { useCheck, type Check } from '../api/use-check.ts'
import { ConflictNotice } from './conflict-notice.tsx'
import { FaultList } from './fault-list.tsx'
import type { Kind } from './kind.ts'
import { ManifestForm } from './manifest-form.tsx'
import { OwnerTable } from './owner-table.tsx'
import { ReviewDialog } from './review-dialog.tsx'
import { useDraft, type DraftState } from './use-draft.ts'
import { useLabelOf, useTouched, type LabelOf } from './use-touched.ts'
import { YamlEditor, type EditorHandle } from './yaml-editor.tsx'

interface ManifestEditorProps {
  readonly kind: Kind
  /** of what is kept while one is elsewhere */
  readonly draft: string
  readonly stored: Manifest | null
  /** what one begins with where nothing is stored */
  readonly start: string
  readonly onSaved: (saved: Manifest) => void
}

export function ManifestEditor({ kind, draft: name, stored, start, onSaved }: ManifestEditorProps) {
  const t = useText('catalog')
  const draft = useDraft(kind, name, stored, start)
  const check = useCheck(draft.text, kind, stored?.name ?? null)
  const { line, editor, isForm, showText, goTo } = useLines()
  const touched = useTouched(stored === null && !draft.isChanged)
  const labelOf = useLabelOf(kind, draft.text, draft.base === null)
  /** the text of somebody else, whose differences are chosen one after another */
  const [compare, setCompare] = useState<string | null>(null)
  const [isReviewing, setReviewing] = useState(false)
  useLeaveWarning(draft.isChanged)
  useKeptNotice(draft.isKept)
  const compareWith = (theirs: string): void => {
    setReviewing(false)
    setCompare(theirs)
    showText()
  }
  const openReview = (): void => {
    touched.touchAll()
    setReviewing(true)
  }
  const form = (
    <ManifestForm
      kind={kind}
      text={draft.text}
      isNew={draft.base === null}
      faults={touched.choose(check.faults)}
      onChange={draft.edit}
      onTouch={touched.touch}
      onShowText={showText}
    />
  )
  const text = (
    <YamlEditor
      key={draft.epoch}
      ref={editor}
      kind={kind}
      text={draft.text}
      onChange={draft.edit}
      {...{ faults: check.faults, line, compare }}
    />
  )
  const tabs: Tab[] = [
    { key: 'form', label: t('parts.form'), content: () => form },
    { key: 'text', label: t('parts.text'), content: () => text },
    ...(stored === null ? [] : [ownersTab(stored, t('parts.owners'))]),
  ]
  return (
    <div className="flex flex-col gap-5">
      {draft.newer !== null && (
        <ConflictNotice
          reason="edited"
          mine={draft.text}
          theirs={draft.newer}
          onKeepMine={() => draft.replace({ text: draft.text, base: draft.newer })}
          onTakeTheirs={draft.discard}
          onCompare={() => {
            draft.replace({ text: draft.text, base: draft.newer })
            compareWith(draft.newer?.yaml ?? '')
          }}
        />
      )}
      <Tabs label={t('parts.label')} tabs={tabs} />
      <ManifestBar
        {...{ draft, check, goTo }}
        isSaved={stored !== null}
        isUntouched={isForm && !draft.isChanged && !touched.isAny}
        labelOf={isForm ? labelOf : undefined}
        onReview={openReview}
      />
      {isReviewing && (
        <ReviewDialog
          {...{ kind, draft, check, onCompare: compareWith }}
          onGo={(wanted) => {
            setReviewing(false)
            goTo(wanted)
          }}
          onClose={() => setReviewing(false)}
          onSaved={(saved) => {
            setReviewing(false)
            setCompare(null)
            draft.discard()
            onSaved(saved)
          }}
        />
      )}
    </div>
  )
}

interface ManifestBarProps {
  readonly draft: DraftState
  readonly check: Check
  /** there is one already */
  readonly isSaved: boolean
  readonly isUntouched: boolean
  readonly labelOf: LabelOf | undefined
  readonly goTo: (line: number) => void
  readonly onReview: () => void
}

/** Always in sight, on a phone above the bar of pages; what takes the focus stays clear of it (tokens.css). */
function ManifestBar({ draft, check, isSaved, isUntouched, labelOf, goTo, onReview }: ManifestBarProps) {
  const t = useText('catalog')
  return (
    <div className="manifest-bar sticky bottom-14 z-1 flex flex-col gap-2 border-t border-line bg-bg py-2 md:bottom-0 md:py-3">
      {check.error === null ? (
        <FaultList {...{ isUntouched, labelOf }} faults={check.faults} isKnown={check.checked !== null} onGo={goTo} />
      ) : (
        <Fault error={check.error} onRetry={check.retry} />
      )}
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" disabled={!draft.isChanged && isSaved} onClick={onReview}>
          {t('review.open')}
        </Button>
        {draft.isChanged && <Discard onDiscard={draft.discard} />}
      </div>
    </div>
  )
}

function Discard({ onDiscard }: { readonly onDiscard: () => void }) {
  const t = useText('catalog')
  const [isAsking, setAsking] = useState(false)
  return (
    <>
      <Button onClick={() => setAsking(true)}>{t('review.discard')}</Button>
      {isAsking && (
        <ConfirmDialog
          title={t('review.discardTitle')}
          action={t('review.discard')}
          onConfirm={onDiscard}
          onClose={() => setAsking(false)}
        >
          <p>{t('review.discardWhy')}</p>
        </ConfirmDialog>
      )}
    </>
  )
}

const ownersTab = ({ owners }: Manifest, label: string): Tab => ({
  key: 'owners',
  label,
  content: () => <OwnerTable label={label} owners={owners} />,
})

/** The way to a line of the text, also from the form. */
function useLines() {
  const [params, setParams] = useSearchParams()
  const [line, setLine] = useState<number | null>(null)
  const editor = useRef<EditorHandle>(null)
  const showText = (): void =>
    setParams(
      (before) => {
        before.set('tab', 'text')
        return before
      },
      { replace: true },
    )
  const goTo = (wanted: number): void => {
    if (params.get('tab') === 'text') return editor.current?.goTo(wanted)
    setLine(wanted)
    showText()
  }
  return { line, editor, isForm: (params.get('tab') ?? 'form') === 'form', showText, goTo }
}

/** Drafts are kept while one looks at other pages, but not when the window is closed. */
function useLeaveWarning(isChanged: boolean): void {
  useEffect(() => {
    if (!isChanged) return undefined
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [isChanged])
}

/** Who goes to another page with something that is not saved hears where it is. */
function useKeptNotice(isKept: () => boolean): void {
  const t = useText('catalog')
  const latest = useRef<() => void>(undefined)
  useEffect(() => {
    latest.current = () => {
      if (isKept()) toast(t('draft.kept'))
    }
  })
  useEffect(() => () => latest.current?.(), [])
}
