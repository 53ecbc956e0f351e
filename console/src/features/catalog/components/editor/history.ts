// Undo and redo. What is typed in one go is undone in one go.
import {
  Annotation,
  StateField,
  type ChangeSet,
  type EditorSelection,
  type Extension,
  type Transaction,
} from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'

interface Step {
  /** leads back */
  readonly changes: ChangeSet
  readonly selection: EditorSelection
  readonly at: number
  /** `input.type`, `delete.backward`: what may be one with the next of its like */
  readonly act: string | undefined
}

interface Past {
  readonly undo: readonly Step[]
  readonly redo: readonly Step[]
}

type Way = keyof Past

const way = Annotation.define<Way>()
const TOGETHER_MS = 500
const MOST = 500

const past = StateField.define<Past>({
  create: () => ({ undo: [], redo: [] }),
  update(kept, transaction) {
    if (!transaction.docChanged) return kept
    const step = stepBack(transaction)
    const taken = transaction.annotation(way)
    if (taken === 'undo') return { undo: kept.undo.slice(0, -1), redo: [...kept.redo, step] }
    if (taken === 'redo') return { undo: [...kept.undo, step], redo: kept.redo.slice(0, -1) }
    return { undo: add(kept.undo, step), redo: [] }
  },
})

function stepBack(transaction: Transaction): Step {
  const { changes, startState } = transaction
  const act = ['input.type', 'delete'].find((one) => transaction.isUserEvent(one))
  return { changes: changes.invert(startState.doc), selection: startState.selection, at: Date.now(), act }
}

function add(steps: readonly Step[], step: Step): readonly Step[] {
  const last = steps.at(-1)
  const isOne = last !== undefined && last.act !== undefined && last.act === step.act && step.at - last.at < TOGETHER_MS
  if (!isOne) return [...steps.slice(-MOST), step]
  return [...steps.slice(0, -1), { ...step, changes: step.changes.compose(last.changes), selection: last.selection }]
}

const go =
  (taken: Way) =>
  (view: EditorView): boolean => {
    const step = view.state.field(past)[taken].at(-1)
    if (step === undefined || view.state.readOnly) return false
    const { changes, selection } = step
    view.dispatch({ changes, selection, annotations: way.of(taken), userEvent: taken, scrollIntoView: true })
    return true
  }

/** The browser's own undo, from its menu, knows nothing of this text. */
const fromMenu = EditorView.domEventHandlers({
  beforeinput: ({ inputType }, view) => {
    if (inputType === 'historyUndo') return go('undo')(view)
    return inputType === 'historyRedo' && go('redo')(view)
  },
})

export const history: Extension = [
  past,
  fromMenu,
  keymap.of([
    { key: 'Mod-z', run: go('undo'), preventDefault: true },
    { key: 'Mod-Shift-z', run: go('redo'), preventDefault: true },
    { key: 'Mod-y', run: go('redo'), preventDefault: true },
  ]),
]
