// One of very many, found by typing: a person, a server. A combobox as the ARIA practices have it: the focus stays in the field, the arrows
// move the choice, Escape puts back what was chosen.
import { useDeferredValue, useId, useState, type KeyboardEvent } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { classes } from './classes.ts'
import { CONTROL, Field, type FieldText } from './field.tsx'

export interface ComboOption {
  readonly value: string
  readonly label: string
  /** what tells it from another of the same name */
  readonly note?: string
}

interface ComboFieldProps extends FieldText {
  /** null: none is chosen */
  readonly value: ComboOption | null
  /** all there are; with `onSearch`, what the hub found for what was typed */
  readonly options: readonly ComboOption[]
  readonly onSearch?: (text: string) => void
  readonly onChange: (option: ComboOption | null) => void
}

const SHOWN = 12

export function ComboField(props: ComboFieldProps) {
  const { label, help, fault, note, value, options, onSearch, onChange } = props
  const t = useText('common')
  const id = useId()
  /** null: closed, what was chosen is shown */
  const [typed, setTyped] = useState<string | null>(null)
  const [at, setAt] = useState(0)
  const search = useDeferredValue(typed ?? '')
  const found = (onSearch ? options : findOptions(options, search)).slice(0, SHOWN)
  const active = Math.min(at, found.length - 1)
  const isOpen = typed !== null
  const type = (text: string): void => {
    setTyped(text)
    setAt(0)
    onSearch?.(text)
  }
  const choose = (option: ComboOption | undefined): void => {
    if (option !== undefined) onChange(option)
    setTyped(null)
  }
  const close = (): void => {
    if (typed === '') onChange(null)
    setTyped(null)
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined && !isOpen) type('')
    else if (step !== undefined) setAt((active + step + found.length) % Math.max(1, found.length))
    else if (event.key === 'Enter' && isOpen) choose(found[active])
    else if (event.key === 'Escape' && isOpen) setTyped(null)
    else return
    event.preventDefault()
    // Escape closes the list, not the dialog it stands in
    event.stopPropagation()
  }
  return (
    <Field {...{ label, help, note, fault: fault ?? null }}>
      {(control) => (
        <div className="relative">
          <input
            {...control}
            role="combobox"
            aria-expanded={isOpen}
            aria-controls={`${id}-list`}
            aria-autocomplete="list"
            aria-activedescendant={isOpen && found.length > 0 ? `${id}-${active}` : undefined}
            autoComplete="off"
            spellCheck={false}
            className={CONTROL}
            placeholder={t('search')}
            value={typed ?? value?.label ?? ''}
            onChange={(event) => type(event.target.value)}
            onKeyDown={onKey}
            onBlur={close}
          />
          <div
            id={`${id}-list`}
            role="listbox"
            aria-label={label}
            hidden={!isOpen}
            className="absolute inset-x-0 top-full z-10 mt-1 max-h-64 overflow-y-auto rounded-md border border-line bg-surface p-1 shadow-raised"
          >
            {found.map((option, index) => (
              <div
                key={option.value}
                id={`${id}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === active}
                // before the field loses the focus
                onMouseDown={(event) => {
                  event.preventDefault()
                  choose(option)
                }}
                className={classes(
                  'flex min-h-8 cursor-pointer items-center justify-between gap-3 rounded-sm px-2',
                  index === active ? 'bg-accent-soft text-accent' : 'hover:bg-raised',
                )}
              >
                <bdi className="min-w-0 truncate">{option.label}</bdi>
                {option.note && <span className="text-small text-muted">{option.note}</span>}
              </div>
            ))}
            {isOpen && found.length === 0 && <p className="px-2 py-1 text-muted">{t('palette.none')}</p>}
          </div>
        </div>
      )}
    </Field>
  )
}

function findOptions(options: readonly ComboOption[], search: string): readonly ComboOption[] {
  const wanted = search.trim().toLowerCase()
  const rank = ({ label }: ComboOption): number => (label.toLowerCase().startsWith(wanted) ? 0 : 1)
  return options
    .filter(({ label, value }) => `${label}\n${value}`.toLowerCase().includes(wanted))
    .toSorted((a, b) => rank(a) - rank(b))
}
