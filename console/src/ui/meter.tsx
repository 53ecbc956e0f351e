// How full something is, as a bar with its numbers beside it.
import { useId } from 'react'
import { classes } from './classes.ts'

interface MeterProps {
  readonly label: string
  readonly value: number
  readonly most: number
  /** both in words, e.g. "120 MB of 512 MB" */
  readonly text: string
}

/** beyond this it is said by colour, too; the numbers say it already */
const NEARLY = 0.9

export function Meter({ label, value, most, text }: MeterProps) {
  const id = useId()
  const share = most > 0 ? Math.min(1, value / most) : 0
  return (
    <div className="flex min-w-32 flex-col gap-1">
      <div className="flex items-baseline justify-between gap-3 text-small">
        <span id={id} className="text-muted">
          {label}
        </span>
        <span className="tabular-nums">{text}</span>
      </div>
      <div
        role="meter"
        aria-labelledby={id}
        aria-valuenow={Math.round(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={text}
        className="h-2 overflow-hidden rounded-full bg-raised"
      >
        <div
          className={classes('h-full rounded-full', share < NEARLY ? 'bg-accent' : 'bg-warn')}
          style={{ width: `${share * 100}%` }}
        />
      </div>
    </div>
  )
}
