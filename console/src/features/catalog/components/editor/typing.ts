// What YAML wants while one types: a new line begins where the last one did, further in after a field that opens something.
import { EditorSelection, type Extension } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'

const INDENT = '  '
const OPENS = /^\s*(?:- +)*[^\s#:]+:\s*$/

function newLine(view: EditorView): boolean {
  const { state } = view
  if (state.readOnly) return false
  const change = state.changeByRange(({ from, to }) => {
    const { text, from: start } = state.doc.lineAt(from)
    const before = text.slice(0, from - start)
    const indent = /^\s*/.exec(before)![0] + (OPENS.test(before) ? INDENT : '')
    const insert = state.lineBreak + indent
    return { changes: { from, to, insert }, range: EditorSelection.cursor(from + insert.length) }
  })
  view.dispatch(change, { scrollIntoView: true, userEvent: 'input' })
  return true
}

/** All lines of the selection, two blanks in or out. */
const shift =
  (isIn: boolean) =>
  (view: EditorView): boolean => {
    const { state } = view
    if (state.readOnly) return false
    const changes = state.selection.ranges.flatMap(({ from, to }) => {
      const lines = []
      for (let line = state.doc.lineAt(from); ; line = state.doc.line(line.number + 1)) {
        const blanks = /^ {1,2}/.exec(line.text)?.[0].length ?? 0
        lines.push(isIn ? { from: line.from, insert: INDENT } : { from: line.from, to: line.from + blanks })
        if (line.to >= to) return lines
      }
    })
    view.dispatch({ changes, userEvent: 'indent' })
    return true
  }

/**
 * What is typed in the place of several lines. Left to itself the browser joins them and carries their look along as inline styles, which the
 * page's policy forbids.
 */
const instead = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { state } = view
    const { from, to } = state.selection.main
    if (event.inputType !== 'insertText' || event.data === null || view.composing || state.readOnly) return false
    if (state.doc.lineAt(from).number === state.doc.lineAt(to).number) return false
    event.preventDefault()
    view.dispatch(state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true })
    return true
  },
})

const keys: Extension = keymap.of([
  { key: 'Enter', run: newLine },
  { key: 'Mod-]', run: shift(true), preventDefault: true },
  { key: 'Mod-[', run: shift(false), preventDefault: true },
])

export const typing: Extension = [instead, keys]
