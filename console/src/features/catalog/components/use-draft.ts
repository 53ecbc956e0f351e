// A manifest that is being changed: its text, what it was begun from, and whether somebody else has changed that meanwhile.
import { useCallback, useMemo, useState } from 'react'
import { useMe } from '../../../lib/session.ts'
import type { Manifest } from '../api/manifests.ts'
import { draftName, keepDraft, readDraft, type Base, type Draft } from './drafts.ts'
import type { Kind } from './kind.ts'

export interface DraftState {
  readonly text: string
  readonly base: Base | null
  readonly isChanged: boolean
  /** Also when the page has been left already. */
  readonly isKept: () => boolean
  /** what somebody else has made of it since; null: nothing */
  readonly newer: Base | null
  /** another one wants another editor: the text came from elsewhere */
  readonly epoch: string
  readonly edit: (text: string) => void
  /** another text, as what it begins from */
  readonly replace: (draft: Draft) => void
  readonly discard: () => void
}

const baseOf = ({ yaml, version }: Manifest): Base => ({ yaml, version })

/** `stored`: null while there is none; then `start` is what one begins with. */
export function useDraft(kind: Kind, name: string, stored: Manifest | null, start: string): DraftState {
  const { id } = useMe()
  const key = draftName(kind, name)
  const begun = useMemo<Draft>(
    () => (stored === null ? { text: start, base: null } : { text: stored.yaml, base: baseOf(stored) }),
    [stored, start],
  )
  const [kept, setKept] = useState<Draft | null>(() => readDraft(id, key))
  const [count, setCount] = useState(0)
  const draft = kept === null ? begun : { ...kept, base: rebase(kept.base, begun.base) }
  const put = useCallback(
    (next: Draft | null): void => {
      keepDraft(id, key, next)
      setKept(next)
    },
    [id, key],
  )
  const replace = useCallback(
    (next: Draft | null): void => {
      put(next)
      setCount((before) => before + 1)
    },
    [put],
  )
  const isChanged = draft.text !== (draft.base?.yaml ?? start)
  return {
    text: draft.text,
    base: draft.base,
    isChanged,
    isKept: () => readDraft(id, key) !== null,
    // what is to be made anew is of nothing any more, whatever was known of it before
    newer: isChanged && draft.base !== null && begun.base?.yaml !== draft.base.yaml ? begun.base : null,
    epoch: `${count} ${draft.base?.version ?? ''}`,
    // as long as nothing is changed, what is shown is what is there now
    edit: (text) => {
      const isBegun = text === begun.text && draft.base?.version === begun.base?.version
      put(isBegun ? null : { text, base: draft.base })
    },
    replace,
    discard: () => replace(null),
  }
}

/** What stands there may be of another version and say the same: beside it something else of the file was changed. */
const rebase = (base: Base | null, now: Base | null): Base | null => (base?.yaml === now?.yaml ? now : base)
