// Bars over time, drawn as SVG; the same figures as a table below it, for who cannot see bars and for who wants the numbers.
import { useId } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { classes } from './classes.ts'
import { Table } from './table.tsx'

export interface Bar {
  /** what stands below it and in the table */
  readonly label: string
  readonly value: number
  /** the part of the value that is drawn in the colour of faults */
  readonly bad?: number
}

interface BarChartProps {
  /** what is counted, e.g. "Calls by hour" */
  readonly label: string
  readonly bars: readonly Bar[]
  /** heads of the table: of the labels, of the values, of the bad part */
  readonly heads: readonly [label: string, value: string, bad: string]
  readonly format: (value: number) => string
}

const [WIDTH, HEIGHT, GAP] = [720, 160, 0.2]

export function BarChart({ label, bars, heads, format }: BarChartProps) {
  const t = useText('common')
  const id = useId()
  const most = Math.max(1, ...bars.map(({ value }) => value))
  const step = WIDTH / Math.max(1, bars.length)
  const height = (value: number): number => (value / most) * HEIGHT
  const isAnyBad = bars.some(({ bad = 0 }) => bad > 0)
  return (
    <figure className="flex flex-col gap-2">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <figcaption id={id} className="font-medium">
          {label}
        </figcaption>
        {isAnyBad && (
          <p aria-hidden="true" className="flex gap-4 text-small text-muted">
            <Sample look="bg-accent" text={heads[1]} />
            <Sample look="bg-bad" text={heads[2]} />
          </p>
        )}
      </div>
      <div className="grid grid-cols-[auto_1fr] gap-x-2 text-small text-muted tabular-nums">
        <div aria-hidden="true" className="flex flex-col justify-between text-right leading-none">
          <span>{format(most)}</span>
          <span>{format(0)}</span>
        </div>
        <svg
          role="img"
          aria-labelledby={id}
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          className="h-40 w-full border-y border-line"
        >
          <line x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} className="stroke-line" strokeDasharray="4 4" />
          {bars.map(({ label: name, value, bad = 0 }, index) => (
            <g key={name} transform={`translate(${(index + GAP / 2) * step} 0)`}>
              <title>{`${name}: ${format(value)}`}</title>
              <rect
                className="fill-accent"
                width={step * (1 - GAP)}
                y={HEIGHT - height(value)}
                height={height(value)}
              />
              <rect className="fill-bad" width={step * (1 - GAP)} y={HEIGHT - height(bad)} height={height(bad)} />
            </g>
          ))}
        </svg>
        <span />
        <div aria-hidden="true" className="flex justify-between">
          <span>{bars[0]?.label}</span>
          <span>{bars.at(-1)?.label}</span>
        </div>
      </div>
      <details>
        <summary className="text-small">{t('table.chart')}</summary>
        <Table
          label={label}
          rows={bars}
          keyOf={(bar) => bar.label}
          columns={[
            { key: 'label', head: heads[0], cell: (bar) => bar.label, isName: true },
            { key: 'value', head: heads[1], cell: (bar) => format(bar.value), isNumber: true },
            { key: 'bad', head: heads[2], cell: (bar) => format(bar.bad ?? 0), isNumber: true },
          ]}
        />
      </details>
    </figure>
  )
}

/** What a colour stands for. */
function Sample({ look, text }: { readonly look: string; readonly text: string }) {
  return (
    <span className="flex items-center gap-1">
      <span className={classes('size-2 rounded-sm', look)} />
      {text}
    </span>
  )
}
