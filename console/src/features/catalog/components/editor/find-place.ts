// Where in a manifest somebody is typing: below which fields, and whether a name or a value. By lines and columns, since a text that is being
// typed is no YAML most of the time. Pure.

export interface Place {
  /** names of the fields above, `[]` for an entry of a list; of a value its own name last */
  readonly path: readonly string[]
  readonly what: 'name' | 'value'
  /** where what was typed of it begins, in the text */
  readonly from: number
}

const NAME = /^(\s*(?:- +)*)([A-Za-z0-9_-]*)$/
const VALUE = /^(\s*(?:- +)*)([A-Za-z0-9_-]+): +["']?([A-Za-z0-9_-]*)$/
const LINE = /^(\s*)((?:- +)*)(?:([A-Za-z0-9_./-]+)\s*:(?=\s|$))?/

/** null: nothing is known of this place, as within a comment or a text. */
export function findPlace(text: string, at: number): Place | null {
  const start = text.lastIndexOf('\n', at - 1) + 1
  const typed = text.slice(start, at)
  const above = text.slice(0, start).split('\n').slice(0, -1)
  const value = VALUE.exec(typed)
  if (value !== null) {
    const [, lead = '', name = '', word = ''] = value
    return { path: [...pathAbove(above, lead), name], what: 'value', from: at - word.length }
  }
  const name = NAME.exec(typed)
  if (name === null) return null
  const [, lead = '', word = ''] = name
  return { path: pathAbove(above, lead), what: 'name', from: at - word.length }
}

/** `lead`: what stands before the name in its own line, markers of lists included. */
function pathAbove(above: readonly string[], lead: string): readonly string[] {
  const path: string[] = []
  /** a field further left than this is a parent; so is a marker */
  let [fieldsBefore, markersBefore] = [lead.length, lead.length]
  const takeMarkers = (columns: readonly number[]): void => {
    for (const column of columns.toReversed()) {
      if (column >= markersBefore) continue
      path.unshift('[]')
      markersBefore = column
      // a list may stand as far left as the field it is of
      fieldsBefore = column + 1
    }
  }
  takeMarkers(columnsOf(lead, 0))
  const takeName = (name: string, column: number): void => {
    if (column >= fieldsBefore) return
    path.unshift(name)
    fieldsBefore = column
    markersBefore = Math.min(markersBefore, column)
  }
  const own = above.slice(above.lastIndexOf('---') + 1)
  for (const line of own.toReversed()) {
    const [, indent = '', markers = '', name] = LINE.exec(line) ?? []
    if (name !== undefined) takeName(name, indent.length + markers.length)
    takeMarkers(columnsOf(markers, indent.length))
  }
  return path
}

const columnsOf = (markers: string, offset: number): readonly number[] =>
  [...markers.matchAll(/-/g)].map(({ index }) => index + offset)
