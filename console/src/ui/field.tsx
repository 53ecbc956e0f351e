// A control with its label, its help and its fault, joined by ids so that a screen reader reads all three.
import { useId, type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes } from 'react'
import { classes } from './classes.ts'
import { Icon } from './icon.tsx'

export const CONTROL =
  'w-full min-h-8 rounded-md border border-edge bg-surface px-3 py-1 text-text placeholder:text-muted disabled:opacity-55 aria-invalid:border-bad'

export interface FieldText {
  readonly label: string
  readonly help?: ReactNode
  /** what is wrong with the value; shown in place */
  readonly fault?: ReactNode
  /** shown beside the label, e.g. that a value is stored already */
  readonly note?: ReactNode
}

/** What the control must carry. */
export interface ControlProps {
  readonly id: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': true | undefined
}

interface FieldProps extends FieldText {
  readonly children: (control: ControlProps) => ReactNode
}

export function Field({ label, help, fault, note, children }: FieldProps) {
  const id = useId()
  const described = [help ? `${id}-help` : '', fault ? `${id}-fault` : ''].filter(Boolean).join(' ')
  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-end justify-between gap-2">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {note && <span className="text-small text-muted">{note}</span>}
      </div>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': fault ? true : undefined })}
      {help && (
        <div id={`${id}-help`} className="text-small text-muted">
          {help}
        </div>
      )}
      {fault && (
        <div id={`${id}-fault`} role="alert" className="flex items-start gap-1 text-small text-bad">
          <Icon name="alert" />
          <span>{fault}</span>
        </div>
      )}
    </div>
  )
}

type TextFieldProps = FieldText &
  Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> & {
    readonly value: string
    readonly onChange: (value: string) => void
  }

/** One line. For secrets `type="password" autoComplete="off"`, and forget the value once it is saved. */
export function TextField({ label, help, fault, note, onChange, className, ...rest }: TextFieldProps) {
  return (
    <Field {...{ label, help, note, fault: fault ?? null }}>
      {(control) => (
        <input
          type="text"
          {...rest}
          {...control}
          className={classes(CONTROL, className)}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

type TextAreaFieldProps = FieldText &
  Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange' | 'value'> & {
    readonly value: string
    readonly onChange: (value: string) => void
  }

export function TextAreaField({ label, help, fault, note, onChange, className, ...rest }: TextAreaFieldProps) {
  return (
    <Field {...{ label, help, note, fault: fault ?? null }}>
      {(control) => (
        <textarea
          rows={5}
          {...rest}
          {...control}
          className={classes(CONTROL, 'font-mono', className)}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}
