// Places with one value: text, number, yes or no, one of several, the one value there is, JSON text.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { TextAreaField, TextField } from '../../../ui/field.tsx'
import { SelectField } from '../../../ui/select.tsx'
import type {
  ChoiceField,
  Field,
  FixedField,
  FlagField,
  NumberField,
  TextField as TextPlace,
} from '../schema-form/field.ts'
import { EMPTY, type Input } from '../schema-form/input.ts'
import { readAsFields } from '../schema-form/read-input.ts'
import { PlaceNote, useFaultAt, type PlaceProps } from './place.tsx'

const typed = (text: string): Input => (text === '' ? EMPTY : { kind: 'text', text })
const textOf = (input: Input): string => (input.kind === 'text' ? input.text : '')

/** What every one of them shows beside its control. */
function useWords(props: PlaceProps) {
  return {
    label: props.label,
    help: props.field.help ?? undefined,
    note: <PlaceNote {...props} />,
    fault: useFaultAt(props.path),
  }
}

/** Of these the browser knows how they are typed. */
const TYPES: Readonly<Record<string, string>> = { uri: 'url', url: 'url', email: 'email', date: 'date' }

export function TextInput(props: PlaceProps<TextPlace>) {
  const { field, input, onChange } = props
  const words = { ...useWords(props), value: textOf(input), onChange: (text: string) => onChange(typed(text)) }
  const example = field.examples[0] ?? ''
  const shared = { autoComplete: 'off', spellCheck: false, dir: 'auto', placeholder: example, ...words } as const
  const type = TYPES[field.format ?? '']
  if (type !== undefined) return <TextField {...shared} type={type} />
  return <TextAreaField {...shared} rows={1} className="field-sizing-content max-h-80" />
}

export function NumberInput(props: PlaceProps<NumberField>) {
  const { field, input, onChange } = props
  return (
    <TextField
      {...useWords(props)}
      inputMode={field.isInteger ? 'numeric' : 'decimal'}
      autoComplete="off"
      value={textOf(input)}
      onChange={(text) => onChange(typed(text))}
    />
  )
}

export function FlagInput(props: PlaceProps<FlagField>) {
  const t = useText('calls')
  const { input, onChange, isRequired } = props
  const value = input.kind === 'flag' ? (input.on ? 'yes' : 'no') : 'none'
  const none = { value: 'none', label: t('none') } as const
  return (
    <SelectField
      {...useWords(props)}
      value={value}
      options={[...(isRequired ? [] : [none]), { value: 'yes', label: t('yes') }, { value: 'no', label: t('no') }]}
      onChange={(chosen) => onChange(chosen === 'none' ? EMPTY : { kind: 'flag', on: chosen === 'yes' })}
    />
  )
}

export function ChoiceInput(props: PlaceProps<ChoiceField>) {
  const t = useText('calls')
  const { field, input, onChange } = props
  const options = field.options.map(({ label }, at) => ({ value: String(at), label }))
  return (
    <SelectField
      {...useWords(props)}
      value={input.kind === 'choice' ? String(input.option) : ''}
      options={[{ value: '', label: t('none') }, ...options]}
      onChange={(chosen) => onChange(chosen === '' ? EMPTY : { kind: 'choice', option: Number(chosen) })}
    />
  )
}

/** Nothing to choose: it is said, or it is not. */
export function FixedInput(props: PlaceProps<FixedField>) {
  const t = useText('calls')
  const { field, input, onChange } = props
  const fixed = { value: 'fixed', label: JSON.stringify(field.value) }
  return (
    <SelectField
      {...useWords(props)}
      value={input.kind === 'fixed' ? 'fixed' : ''}
      options={props.isRequired ? [fixed] : [{ value: '', label: t('none') }, fixed]}
      onChange={(chosen) => onChange(chosen === '' ? EMPTY : { kind: 'fixed' })}
    />
  )
}

export function RawInput(props: PlaceProps<Field>) {
  const t = useText('calls')
  const { field, input, onChange } = props
  const text = input.kind === 'raw' ? input.text : ''
  const back = field.kind === 'raw' ? null : readAsFields(field, text)
  const reason = field.kind === 'raw' ? t(`raw.${field.reason}`) : null
  const words = useWords(props)
  return (
    <div>
      <TextAreaField
        {...words}
        help={[words.help, reason].filter(Boolean).join(' ')}
        className="field-sizing-content min-h-16 max-h-96"
        rows={3}
        spellCheck={false}
        dir="ltr"
        value={text}
        onChange={(next) => onChange({ kind: 'raw', text: next })}
      />
      {field.kind !== 'raw' && (
        <Button
          kind="quiet"
          disabled={back === null}
          aria-label={`${t('asFields')}: ${props.label}`}
          onClick={() => back !== null && onChange(back)}
        >
          {t('asFields')}
        </Button>
      )}
    </div>
  )
}
