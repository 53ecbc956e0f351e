// A list of texts, each in a line of its own: arguments, names of tools, networks.
import { useText } from '../../../../lib/i18n/use-text.ts'
import { Button, IconButton } from '../../../../ui/button.tsx'
import { CONTROL } from '../../../../ui/field.tsx'
import type { ControlProps } from './field-control.tsx'
import { faultAt } from './fault-at.tsx'
import { ListFrame, RowFault } from './list-frame.tsx'
import { valueAt } from './manifest.ts'

export function LineList({ field, words, adding, data, faults, edit }: ControlProps) {
  const t = useText('catalog')
  const { path } = field
  const value = valueAt(data, path)
  const lines: readonly unknown[] = Array.isArray(value) ? value : []
  return (
    <ListFrame words={words}>
      {lines.map((line, index) => {
        const fault = faultAt(faults, [...path, index])
        return (
          <div key={index} className="flex flex-col gap-1">
            <div className="flex gap-2">
              <input
                type="text"
                aria-label={t('list.item', { list: words.label, number: index + 1 })}
                aria-invalid={fault === null ? undefined : true}
                autoComplete="off"
                spellCheck={false}
                className={`${CONTROL} font-mono`}
                value={String(line)}
                onChange={(event) => edit([...path, index], event.target.value)}
              />
              <IconButton
                icon="trash"
                label={t('list.remove', { list: words.label, number: index + 1 })}
                onClick={() => edit([...path, index], undefined)}
              />
            </div>
            <RowFault fault={fault} />
          </div>
        )
      })}
      <Button icon="plus" className="self-start" onClick={() => edit([...path, lines.length], '')}>
        {adding}
      </Button>
    </ListFrame>
  )
}
