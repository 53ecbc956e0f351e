// A few ways of which one is taken, all of them in sight with what they mean; and a single yes or no in a form.
import { useId, type ReactNode } from 'react'

export interface Choice<Value extends string> {
  readonly value: Value
  readonly label: string
  readonly help?: ReactNode
}

interface ChoiceFieldProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly choices: readonly Choice<Value>[]
  readonly onChange: (value: Value) => void
}

export function ChoiceField<Value extends string>({ label, value, choices, onChange }: ChoiceFieldProps<Value>) {
  const id = useId()
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">{label}</legend>
      {choices.map((choice) => (
        <div key={choice.value} className="flex items-start gap-2">
          <input
            type="radio"
            id={`${id}-${choice.value}`}
            name={id}
            className="mt-0.5 size-4 accent-accent"
            aria-describedby={choice.help ? `${id}-${choice.value}-help` : undefined}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          <div className="flex min-w-0 flex-col">
            <label htmlFor={`${id}-${choice.value}`}>{choice.label}</label>
            {choice.help && (
              <span id={`${id}-${choice.value}-help`} className="text-small text-muted">
                {choice.help}
              </span>
            )}
          </div>
        </div>
      ))}
    </fieldset>
  )
}

interface CheckFieldProps {
  readonly label: ReactNode
  readonly help?: ReactNode
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
  readonly disabled?: boolean
}

/** Part of what a form sends; what takes effect at once is ui/switch.tsx. */
export function CheckField({ label, help, isOn, onChange, disabled = false }: CheckFieldProps) {
  const id = useId()
  return (
    <div className="flex items-start gap-2">
      <input
        type="checkbox"
        id={id}
        className="mt-0.5 size-4 shrink-0 accent-accent"
        aria-describedby={help ? `${id}-help` : undefined}
        checked={isOn}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div className="flex min-w-0 flex-col">
        <label htmlFor={id}>{label}</label>
        {help && (
          <span id={`${id}-help`} className="text-small text-muted">
            {help}
          </span>
        )}
      </div>
    </div>
  )
}
