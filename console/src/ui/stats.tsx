// A few numbers that tell how things stand, large, each with its name; a number may lead to what it counts.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { classes } from './classes.ts'

export interface Stat {
  readonly label: string
  readonly value: string
  readonly help?: ReactNode
  /** the page of what is counted */
  readonly to?: string
}

interface StatsProps {
  readonly label: string
  readonly stats: readonly Stat[]
}

export function Stats({ label, stats }: StatsProps) {
  return (
    <ul aria-label={label} className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      {stats.map(({ label: name, value, help, to }) => (
        <li
          key={name}
          className={classes(
            'relative flex flex-col gap-0.5 rounded-md border border-line bg-surface px-4 py-3',
            to !== undefined && 'hover:bg-raised',
          )}
        >
          {to === undefined ? (
            <span className="text-small text-muted">{name}</span>
          ) : (
            <Link to={to} className="text-small text-muted after:absolute after:inset-0 hover:underline">
              {name}
            </Link>
          )}
          <span className="text-title font-semibold whitespace-nowrap tabular-nums md:text-display">{value}</span>
          {help && <span className="text-small text-muted">{help}</span>}
        </li>
      ))}
    </ul>
  )
}
