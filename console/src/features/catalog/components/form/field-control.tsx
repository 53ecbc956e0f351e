// One field of the form, by the kind of its control. What is typed stands in the text at once; what is wrong with it comes back from the hub.
import type { ComponentType } from 'react'
import { useText } from '../../../../lib/i18n/use-text.ts'
import { CheckField } from '../../../../ui/choice.tsx'
import { TextAreaField, TextField, type FieldText as FieldWords } from '../../../../ui/field.tsx'
import { SelectField } from '../../../../ui/select.tsx'
import type { ManifestFault } from '../../api/use-check.ts'
import { faultAt } from './fault-at.tsx'
import type { ChoiceText, FieldText, FormField } from './fields.ts'
import { LabelList } from './label-list.tsx'
import { LineList } from './line-list.tsx'
import { textAt, textOf, valueAt, type Data, type Path } from './manifest.ts'
import { PeoplePicker } from './people-picker.tsx'
import { RowList } from './row-list.tsx'
import { ServerPicker } from './server-picker.tsx'
import { VariableList } from './variable-list.tsx'

export interface FormState {
  readonly data: Data
  readonly faults: readonly ManifestFault[]
  readonly edit: (path: Path, value: unknown) => void
  /** another name for the member at this place */
  readonly rename: (path: Path, name: string) => void
}

export interface ControlProps extends FormState {
  readonly field: FormField
  readonly words: FieldWords
  /** of a list: what adds to it; empty of anything else */
  readonly adding: string
}

const LISTS = [
  ...['command', 'args', 'env', 'headers', 'userVariables', 'labels'],
  ...['allow', 'deny', 'cidrs', 'claims', 'matchLabels'],
] as const satisfies readonly FieldText[]
type List = (typeof LISTS)[number]
const isList = (text: FieldText): text is List => (LISTS as readonly FieldText[]).includes(text)

const HELPED = [
  ...['name', 'packageVersion', 'bin', 'image', 'command', 'args', 'env', 'headers', 'userVariables', 'access'],
  ...['isolation', 'idleTimeoutSeconds', 'cpu', 'memory', 'egress', 'runtimeClassName', 'prefix', 'allow', 'deny'],
  ...['users', 'claims', 'servers', 'startup', 'enabled', 'active', 'labels', 'matchLabels'],
] as const satisfies readonly FieldText[]
type Helped = (typeof HELPED)[number]
const isHelped = (text: FieldText): text is Helped => (HELPED as readonly FieldText[]).includes(text)

export function FieldControl({ field, ...form }: FormState & { readonly field: FormField }) {
  const t = useText('catalog')
  const { text, path } = field
  const fault = faultAt(form.faults, path)
  const words: FieldWords = {
    label: t(`field.${text}`),
    ...(isHelped(text) ? { help: t(`help.${text}`) } : {}),
    ...(fault === null ? {} : { fault }),
  }
  const adding = isList(text) ? t(`add.${text}`) : ''
  const props: ControlProps = { ...form, field, words, adding }
  const Control = CONTROLS[field.control]
  return <Control {...props} />
}

function TextControl({ field: { path, control, isKept }, words, data, edit }: ControlProps) {
  const value = textAt(data, path)
  const change = (typed: string): void => {
    if (typed === '' && isKept !== true) edit(path, undefined)
    else edit(path, control === 'number' && /^\d{1,9}$/.test(typed) ? Number(typed) : typed)
  }
  if (control === 'text')
    return <TextAreaField {...words} rows={3} className="font-sans!" value={value} onChange={change} />
  return (
    <TextField
      {...words}
      autoComplete="off"
      spellCheck={false}
      inputMode={control === 'number' ? 'numeric' : 'text'}
      value={value}
      onChange={change}
    />
  )
}

function ChoiceControl({ field: { path, choices = {} }, words, data, edit }: ControlProps) {
  const t = useText('catalog')
  const options = Object.entries<ChoiceText>(choices).map(([value, text]) => ({ value, label: t(`choice.${text}`) }))
  const value = textOf(valueAt(data, path) ?? options[0]?.value)
  // one that is none of them is shown as it stands there, beside what is wrong with it
  const all = options.some((option) => option.value === value) ? options : [...options, { value, label: value }]
  return (
    <SelectField
      {...words}
      value={value}
      options={all}
      onChange={(next) => edit(path, next === '' ? undefined : next)}
    />
  )
}

function CheckControl({ field: { path, isOn = false }, words, data, edit }: ControlProps) {
  const value = valueAt(data, path) ?? isOn
  return (
    <CheckField label={words.label} help={words.help} isOn={value === true} onChange={(next) => edit(path, next)} />
  )
}

const CONTROLS: Readonly<Record<FormField['control'], ComponentType<ControlProps>>> = {
  line: TextControl,
  text: TextControl,
  number: TextControl,
  choice: ChoiceControl,
  check: CheckControl,
  lines: LineList,
  rows: RowList,
  labels: LabelList,
  variables: VariableList,
  people: PeoplePicker,
  servers: ServerPicker,
}
