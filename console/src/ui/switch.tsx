// On or off, at once: what it stands for changes when it is turned, without a button to save it.
import { useId } from 'react'
import { classes } from './classes.ts'

interface SwitchProps {
  readonly label: string
  readonly help?: string
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
  readonly disabled?: boolean
}

export function Switch({ label, help, isOn, onChange, disabled = false }: SwitchProps) {
  const id = useId()
  return (
    <div className="flex items-start gap-3">
      <button
        type="button"
        role="switch"
        aria-checked={isOn}
        aria-labelledby={`${id}-label`}
        aria-describedby={help ? `${id}-help` : undefined}
        disabled={disabled}
        onClick={() => onChange(!isOn)}
        className={classes(
          'relative mt-0.5 h-6 w-11 shrink-0 rounded-full border disabled:opacity-55',
          isOn ? 'border-accent bg-accent' : 'border-edge bg-raised',
        )}
      >
        <span
          aria-hidden="true"
          className={classes(
            'absolute top-0.5 size-4.5 rounded-full',
            isOn ? 'right-0.5 bg-on-accent' : 'left-0.5 bg-muted',
          )}
        />
      </button>
      <div className="flex min-w-0 flex-col">
        <span id={`${id}-label`} className="font-medium">
          {label}
        </span>
        {help && (
          <span id={`${id}-help`} className="text-small text-muted">
            {help}
          </span>
        )}
      </div>
    </div>
  )
}
