// What each person is asked for: how it is called and explained where they give it. A variable that the manifest names is asked for all the
// same; here it gets its words.
import { useText } from '../../../../lib/i18n/use-text.ts'
import { Button, IconButton } from '../../../../ui/button.tsx'
import { CheckField } from '../../../../ui/choice.tsx'
import { TextField } from '../../../../ui/field.tsx'
import type { ManifestFault } from '../../api/use-check.ts'
import { listUndescribed } from './add-token.ts'
import type { ControlProps, FormState } from './field-control.tsx'
import { faultAt } from './fault-at.tsx'
import { ListFrame } from './list-frame.tsx'
import { textAt, valueAt, type Path } from './manifest.ts'

const TEXTS = ['name', 'label', 'help', 'pattern'] as const
/** on, where nothing is said of them */
const CHECKS = ['required', 'secret'] as const

export function VariableList({ field, words, adding, data, faults, edit }: ControlProps) {
  const t = useText('catalog')
  const { path } = field
  const value = valueAt(data, path)
  const rows: readonly unknown[] = Array.isArray(value) ? value : []
  const add = (name: string): void => edit([...path, rows.length], { name })
  return (
    <ListFrame words={words}>
      {rows.map((row, index) => (
        <Variable key={index} row={row} path={[...path, index]} number={index + 1} {...{ faults, edit }} />
      ))}
      <div className="flex flex-wrap gap-2">
        {listUndescribed(data).map((name) => (
          <Button key={name} icon="plus" onClick={() => add(name)}>
            {t('variable.describe', { name })}
          </Button>
        ))}
        <Button icon="plus" onClick={() => add('USER_')}>
          {adding}
        </Button>
      </div>
    </ListFrame>
  )
}

interface VariableProps extends Pick<FormState, 'edit'> {
  readonly row: unknown
  readonly path: Path
  readonly number: number
  readonly faults: readonly ManifestFault[]
}

function Variable({ row, path, number, faults, edit }: VariableProps) {
  const t = useText('catalog')
  const name = textAt(row, ['name'])
  return (
    <div
      role="group"
      aria-label={name || String(number)}
      className="flex flex-col gap-3 rounded-md border border-line p-3"
    >
      <div className="grid gap-3 md:grid-cols-2">
        {TEXTS.map((column) => (
          <TextField
            key={column}
            label={t(`variable.${column}`)}
            fault={faultAt(faults, [...path, column])}
            autoComplete="off"
            spellCheck={column === 'label' || column === 'help'}
            value={textAt(row, [column])}
            onChange={(text) => edit([...path, column], text === '' && column !== 'name' ? undefined : text)}
          />
        ))}
      </div>
      <div className="flex flex-wrap items-center justify-between gap-3">
        {CHECKS.map((column) => (
          <CheckField
            key={column}
            label={t(`variable.${column}`)}
            isOn={valueAt(row, [column]) !== false}
            onChange={(isOn) => edit([...path, column], isOn ? undefined : false)}
          />
        ))}
        <CheckField
          label={t('variable.lines')}
          isOn={valueAt(row, ['format']) === 'Text'}
          onChange={(isOn) => edit([...path, 'format'], isOn ? 'Text' : undefined)}
        />
        <IconButton icon="trash" label={t('variable.remove', { name })} onClick={() => edit(path, undefined)} />
      </div>
    </div>
  )
}
