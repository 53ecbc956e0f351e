// One of a few: the browser's own list, which every keyboard and every phone knows.
import { CONTROL, Field, type FieldText } from './field.tsx'

export interface Option<Value extends string> {
  readonly value: Value
  readonly label: string
}

interface SelectFieldProps<Value extends string> extends FieldText {
  readonly value: Value
  readonly options: readonly Option<Value>[]
  readonly onChange: (value: Value) => void
  readonly disabled?: boolean
}

export function SelectField<Value extends string>(props: SelectFieldProps<Value>) {
  const { label, help, fault, note, value, options, onChange, disabled = false } = props
  return (
    <Field {...{ label, help, note, fault: fault ?? null }}>
      {(control) => (
        <select
          {...control}
          className={CONTROL}
          value={value}
          disabled={disabled}
          onChange={(event) => onChange(event.target.value as Value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
