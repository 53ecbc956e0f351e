// The palette (Ctrl-K): pages, servers, groups, people and a few actions by name. A combobox as the ARIA practices have it: the focus stays in
// the field, the arrows move the choice.
import { useId, useState, type KeyboardEvent } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { classes } from '../ui/classes.ts'
import { Dialog } from '../ui/dialog.tsx'
import { CONTROL } from '../ui/field.tsx'
import { Icon } from '../ui/icon.tsx'
import type { NavItem } from './navigation.ts'
import { useEntries, type Entry } from './palette-entries.ts'

interface PaletteProps {
  readonly items: readonly NavItem[]
  readonly onClose: () => void
}

export function Palette({ items, onClose }: PaletteProps) {
  const t = useText('common')
  const id = useId()
  const [search, setSearch] = useState('')
  const [chosen, setChosen] = useState(0)
  const found = useEntries(items, search)
  const active = Math.min(chosen, found.length - 1)
  const run = (entry: Entry | undefined): void => {
    if (entry === undefined) return
    onClose()
    entry.run()
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) setChosen((active + step + found.length) % Math.max(1, found.length))
    else if (event.key === 'Enter') run(found[active])
    else return
    event.preventDefault()
  }
  return (
    <Dialog title={t('palette.open')} onClose={onClose}>
      <input
        role="combobox"
        aria-label={t('palette.label')}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${active}` : undefined}
        autoComplete="off"
        spellCheck={false}
        className={CONTROL}
        placeholder={t('palette.label')}
        value={search}
        onKeyDown={onKey}
        onChange={(event) => {
          setSearch(event.target.value)
          setChosen(0)
        }}
      />
      <div id={`${id}-list`} role="listbox" aria-label={t('palette.open')} className="flex flex-col">
        {found.map((entry, index) => (
          <div
            key={entry.id}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            onClick={() => run(entry)}
            className={classes(
              'flex min-h-9 cursor-pointer items-center gap-2 rounded-md px-2',
              index === active ? 'bg-accent-soft text-accent' : 'hover:bg-raised',
            )}
          >
            <Icon name={entry.icon} />
            <bdi className="min-w-0 truncate">{entry.text}</bdi>
            <span className="ml-auto text-small whitespace-nowrap text-muted">{entry.kind}</span>
          </div>
        ))}
      </div>
      <p role="status" className={found.length > 0 ? 'sr-only' : 'text-muted'}>
        {found.length > 0 ? t('total', { count: found.length }) : t('palette.none')}
      </p>
    </Dialog>
  )
}
