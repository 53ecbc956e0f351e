// Names, texts and comments of a YAML text in looks of their own, by the grammar's own tree.
import { yamlLanguage } from '@codemirror/lang-yaml'
import { RangeSetBuilder, type Extension } from '@codemirror/state'
import { Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from '@codemirror/view'

const mark = (name: string): Decoration => Decoration.mark({ class: `cm-yaml-${name}` })
const MARKS: Readonly<Record<string, Decoration>> = {
  Key: mark('key'),
  QuotedLiteral: mark('text'),
  BlockLiteralContent: mark('text'),
  Comment: mark('comment'),
  Anchor: mark('comment'),
  Alias: mark('comment'),
  Tag: mark('comment'),
}

function findMarks({ state, visibleRanges }: EditorView): DecorationSet {
  const found = new RangeSetBuilder<Decoration>()
  const tree = yamlLanguage.parser.parse(state.doc.toString())
  for (const { from, to } of visibleRanges) {
    tree.iterate({
      from,
      to,
      enter(node) {
        const decoration = MARKS[node.name]
        if (decoration === undefined || node.to <= from) return true
        found.add(Math.max(from, node.from), Math.min(to, node.to), decoration)
        return false
      },
    })
  }
  return found.finish()
}

class Marks {
  decorations: DecorationSet
  constructor(view: EditorView) {
    this.decorations = findMarks(view)
  }
  update({ docChanged, viewportChanged, view }: ViewUpdate): void {
    if (docChanged || viewportChanged) this.decorations = findMarks(view)
  }
}

export const yamlMarks: Extension = ViewPlugin.fromClass(Marks, { decorations: ({ decorations }) => decorations })
