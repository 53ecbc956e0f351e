// A list of names with their values: headers, the environment of a program, claims.
import { Button } from '../../../../ui/button.tsx'
import type { ControlProps } from './field-control.tsx'
import { faultAt } from './fault-at.tsx'
import { ListFrame } from './list-frame.tsx'
import { textAt, valueAt } from './manifest.ts'
import { PairRow } from './pair-row.tsx'

export function RowList({ field, words, adding, data, faults, edit }: ControlProps) {
  const { path } = field
  const value = valueAt(data, path)
  const rows: readonly unknown[] = Array.isArray(value) ? value : []
  return (
    <ListFrame words={words}>
      {rows.map((row, index) => {
        const wrong = [[], ['name'], ['value']].map((column) => faultAt(faults, [...path, index, ...column]))
        return (
          <PairRow
            key={index}
            label={words.label}
            number={index + 1}
            texts={{ name: textAt(row, ['name']), value: textAt(row, ['value']) }}
            fault={wrong.find((one) => one !== null) ?? null}
            onChange={(column, text) => edit([...path, index, column], text)}
            onRemove={() => edit([...path, index], undefined)}
          />
        )
      })}
      <Button icon="plus" className="self-start" onClick={() => edit([...path, rows.length], { name: '', value: '' })}>
        {adding}
      </Button>
    </ListFrame>
  )
}
