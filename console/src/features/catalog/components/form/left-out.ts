// What a manifest says that the form has no field for, and whether the form can show it at all. Nothing of it is changed by the form. Pure.
import type { FormField, FormSection } from './fields.ts'
import { isData, pathText, readManifest, valueAt, type Data, type Path, type ReadManifest } from './manifest.ts'

/** Members of the entries of lists that the form has columns for. */
const ROWS = ['name', 'value']
const VARIABLE = ['name', 'label', 'help', 'pattern', 'required', 'secret', 'format']

const columnsOf = ({ control }: FormField): readonly string[] => (control === 'variables' ? VARIABLE : ROWS)

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null

/** Whether each field is what its control can show: a list of texts, a list of rows, labels, one value. */
function fits(data: Data, field: FormField): boolean {
  for (let depth = 1; depth < field.path.length; depth++) {
    const above = valueAt(data, field.path.slice(0, depth))
    if (above !== undefined && !isData(above)) return false
  }
  const value = valueAt(data, field.path)
  if (value === undefined) return true
  switch (field.control) {
    case 'lines':
    case 'people':
    case 'servers':
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
    case 'rows':
    case 'variables':
      return (
        Array.isArray(value) &&
        value.every((row) => isData(row) && columnsOf(field).every((column) => isScalar(row[column])))
      )
    case 'labels':
      return isData(value) && Object.values(value).every(isScalar)
    case 'check':
      return typeof value === 'boolean'
    default:
      return isScalar(value)
  }
}

/** For a form of these fields; `sections` are those of what was read. */
export function readForForm(text: string, sectionsOf: (data: Data) => readonly FormSection[]): ReadManifest {
  const read = readManifest(text)
  if (read.data === null) return read
  const { data } = read
  const isFit = sectionsOf(data).every(({ fields }) => fields.every((field) => fits(data, field)))
  return isFit ? read : { data: null, unreadable: 'shape' }
}

/** Known to every form, shown or not. */
const SILENT = new Set(['apiVersion', 'kind', 'metadata.name', 'spec.type'])

/** Fields that stand in the text and not in the form, the outermost that is wholly unknown: `spec.tools.overrides`. */
export function listLeftOut(data: Data, sections: readonly FormSection[]): readonly string[] {
  const fields = sections.flatMap((section) => section.fields)
  const found: string[] = []
  const walk = (value: unknown, path: Path): void => {
    const text = pathText(path)
    if (SILENT.has(text)) return
    const field = fields.find((one) => pathText(one.path) === text)
    if (field !== undefined) found.push(...unknownMembers(value, field))
    else if (isData(value) && (path.length === 0 || fields.some((one) => pathText(one.path).startsWith(`${text}.`))))
      for (const [name, below] of Object.entries(value)) walk(below, [...path, name])
    else if (text !== 'metadata' || !isData(value)) found.push(text)
    else for (const name of Object.keys(value)) walk(value[name], [...path, name])
  }
  walk(data, [])
  return found
}

function unknownMembers(value: unknown, field: FormField): string[] {
  if (field.control !== 'rows' && field.control !== 'variables') return []
  const known = new Set(columnsOf(field))
  return (Array.isArray(value) ? value : []).flatMap((row: unknown, index) =>
    Object.keys(isData(row) ? row : {})
      .filter((name) => !known.has(name))
      .map((name) => pathText([...field.path, index, name])),
  )
}
