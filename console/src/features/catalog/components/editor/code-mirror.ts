// The editor of manifests: CodeMirror with what it takes to write YAML of this hub. Fetched with the first manifest that is opened. It lives in
// an open shadow root: there its styles are sheets of their own, and the page's policy against inline styles holds.
import { autocompletion, type CompletionSource } from '@codemirror/autocomplete'
import { lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { unifiedMergeView } from '@codemirror/merge'
import { Compartment, EditorState, type Extension, type Text } from '@codemirror/state'
import { EditorView, keymap, lineNumbers } from '@codemirror/view'
import { fieldTrees } from 'virtual:field-trees'
import type { Kind } from '../kind.ts'
import { propose } from './field-tree.ts'
import { findPlace } from './find-place.ts'
import { history } from './history.ts'
import { typing } from './typing.ts'
import { theme } from './theme.ts'
import { yamlMarks } from './yaml-marks.ts'

export interface EditorWords {
  readonly label: string
  readonly completions: string
  readonly keepMine: string
  readonly takeTheirs: string
}

export interface EditorOptions {
  readonly parent: HTMLElement
  readonly kind: Kind
  readonly text: string
  readonly words: EditorWords
  readonly isReadOnly: boolean
  readonly onChange: (text: string) => void
}

export interface LineFault {
  /** null: of the text as a whole */
  readonly line: number | null
  readonly message: string
}

export interface Editor {
  setFaults(faults: readonly LineFault[]): void
  /** Another text whose differences are shown in between, each with a choice; null: none. */
  setCompare(text: string | null): void
  /** Puts the cursor there, and the focus. */
  goTo(line: number): void
  destroy(): void
}

export function createEditor(options: EditorOptions): Editor {
  const root = options.parent.shadowRoot ?? options.parent.attachShadow({ mode: 'open' })
  const comparing = new Compartment()
  const compare = (text: string | null): Extension => (text === null ? [] : compareWith(text, options.words))
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({ doc: options.text, extensions: [...extensionsOf(options), comparing.of([])] }),
  })
  return {
    setFaults: (faults) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          faults.map((fault) => toDiagnostic(view.state.doc, fault)),
        ),
      ),
    setCompare: (text) => view.dispatch({ effects: comparing.reconfigure(compare(text)) }),
    goTo(line) {
      const { from, text } = lineOf(view.state.doc, line)
      view.dispatch({ selection: { anchor: from + /^\s*/.exec(text)![0].length }, scrollIntoView: true })
      view.focus()
    },
    destroy: () => view.destroy(),
  }
}

function extensionsOf({ kind, words, isReadOnly, onChange }: EditorOptions): readonly Extension[] {
  return [
    EditorView.contentAttributes.of({ 'aria-label': words.label, lang: 'en', spellcheck: 'false' }),
    EditorState.phrases.of({ Completions: words.completions }),
    EditorState.readOnly.of(isReadOnly),
    EditorState.tabSize.of(2),
    EditorView.lineWrapping,
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged) onChange(state.doc.toString())
    }),
    autocompletion({ override: [completionsOf(kind)], icons: false }),
    // Tab goes on to the next control, as everywhere
    keymap.of([
      { key: 'F8', run: nextDiagnostic },
      { key: 'Shift-F8', run: previousDiagnostic },
    ]),
    history,
    typing,
    lineNumbers(),
    lintGutter(),
    yamlMarks,
    theme,
  ]
}

const completionsOf =
  (kind: Kind): CompletionSource =>
  ({ state, pos, explicit }) => {
    const place = findPlace(state.doc.toString(), pos)
    if (place === null || (!explicit && place.from === pos && place.what === 'name')) return null
    const options = propose(place, kind, fieldTrees[kind]).map(({ label, text, about }) => ({
      label,
      apply: text,
      ...(about === undefined ? {} : { info: about }),
    }))
    return options.length === 0 ? null : { from: place.from, options, validFor: /^[A-Za-z0-9_-]*$/ }
  }

/** Lines that differ from `original`, each stretch with what stands there and a choice. */
function compareWith(original: string, { keepMine, takeTheirs }: EditorWords): Extension {
  return unifiedMergeView({
    original,
    gutter: false,
    syntaxHighlightDeletions: false,
    mergeControls(type, action) {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = type === 'accept' ? keepMine : takeTheirs
      button.addEventListener('click', action)
      return button
    },
  })
}

const lineOf = (doc: Text, line: number) => doc.line(Math.min(Math.max(1, line), doc.lines))

function toDiagnostic(doc: Text, { line, message }: LineFault): Diagnostic {
  const { from, to, text } = lineOf(doc, line ?? 1)
  return { from: Math.min(to, from + /^\s*/.exec(text)![0].length), to, severity: 'error', message }
}
