// Several of many: boxes to tick, with a search above them where there are more than fit in sight. What is ticked comes first.
import { useDeferredValue, useId, useState } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { CheckField } from './choice.tsx'
import { CONTROL } from './field.tsx'

export interface CheckOption {
  readonly value: string
  readonly label: string
  readonly help?: string
}

interface CheckListProps {
  readonly label: string
  readonly help?: string
  readonly options: readonly CheckOption[]
  readonly chosen: readonly string[]
  readonly onChange: (chosen: readonly string[]) => void
}

const IN_SIGHT = 8
/** more of them nobody reads; one goes on typing */
const SHOWN = 200

export function CheckList({ label, help, options, chosen, onChange }: CheckListProps) {
  const t = useText('common')
  const id = useId()
  const [search, setSearch] = useState('')
  // in the order they had when it was opened: a row must not leap away under the pointer
  const [first] = useState(() => new Set(chosen))
  const found = findOptions(options, useDeferredValue(search), first)
  const toggle = (value: string, isOn: boolean): void =>
    onChange(isOn ? [...chosen, value] : chosen.filter((one) => one !== value))
  return (
    <fieldset className="flex flex-col gap-2" aria-describedby={`${id}-count`}>
      <legend className="mb-1 font-medium">{label}</legend>
      {help && <p className="text-small text-muted">{help}</p>}
      {options.length > IN_SIGHT && (
        <input
          type="search"
          aria-label={t('search')}
          placeholder={t('search')}
          autoComplete="off"
          spellCheck={false}
          className={CONTROL}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      <div className="flex max-h-72 flex-col gap-2 overflow-y-auto rounded-md border border-line bg-surface p-3">
        {found.slice(0, SHOWN).map((option) => (
          <CheckField
            key={option.value}
            label={<bdi>{option.label}</bdi>}
            help={option.help}
            isOn={chosen.includes(option.value)}
            onChange={(isOn) => toggle(option.value, isOn)}
          />
        ))}
        {found.length === 0 && <p className="text-muted">{t('palette.none')}</p>}
        {found.length > SHOWN && <p className="text-small text-muted">{t('list.more')}</p>}
      </div>
      <p id={`${id}-count`} role="status" className="text-small text-muted">
        {t('list.chosen', { count: chosen.length })}
      </p>
    </fieldset>
  )
}

function findOptions(options: readonly CheckOption[], search: string, first: ReadonlySet<string>) {
  const wanted = search.trim().toLowerCase()
  return options
    .filter(({ value, label }) => `${label}\n${value}`.toLowerCase().includes(wanted))
    .toSorted((a, b) => Number(first.has(b.value)) - Number(first.has(a.value)))
}
