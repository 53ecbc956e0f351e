// One row of a list of names with their values: what it is called and what it holds, side by side, with what is wrong with it below.
import type { ReactNode } from 'react'
import { useText } from '../../../../lib/i18n/use-text.ts'
import { IconButton } from '../../../../ui/button.tsx'
import { CONTROL } from '../../../../ui/field.tsx'
import { RowFault } from './list-frame.tsx'

const COLUMNS = ['name', 'value'] as const
export type PairColumn = (typeof COLUMNS)[number]

interface PairRowProps {
  /** of the list */
  readonly label: string
  /** counted from one, as people do */
  readonly number: number
  readonly texts: Readonly<Record<PairColumn, string>>
  /** as the hub says it, in English; null: nothing */
  readonly fault: ReactNode
  /** in the reader's language, where the text cannot even hold it */
  readonly refusal?: string | null
  readonly onChange: (column: PairColumn, text: string) => void
  readonly onRemove: () => void
}

export function PairRow({ label, number, texts, fault, refusal = null, onChange, onRemove }: PairRowProps) {
  const t = useText('catalog')
  return (
    <div className="flex flex-col gap-1">
      <div className="flex gap-2">
        <div className="flex flex-1 flex-col gap-2 md:flex-row">
          {COLUMNS.map((column) => (
            <input
              key={column}
              type="text"
              aria-label={`${label} ${number}: ${t(`column.${column}`)}`}
              aria-invalid={refusal !== null && column === 'name' ? true : undefined}
              placeholder={t(`column.${column}`)}
              autoComplete="off"
              spellCheck={false}
              className={`${CONTROL} min-w-0 font-mono`}
              value={texts[column]}
              onChange={(event) => onChange(column, event.target.value)}
            />
          ))}
        </div>
        <IconButton icon="trash" label={t('list.remove', { list: label, number })} onClick={onRemove} />
      </div>
      <RowFault fault={refusal ?? fault} />
    </div>
  )
}
