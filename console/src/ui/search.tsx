// The search of a page: `/` goes there (app/use-shortcuts.ts). What is typed is told when no syllable is being put together any more. What
// is shown is what was typed, not what came back of it: the address, where searches are kept, changes later than people type.
import { useEffect, useId, useRef, useState } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { CONTROL } from './field.tsx'

interface SearchBoxProps {
  /** what is searched, e.g. "Search servers" */
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}

export function SearchBox({ label, value, onChange }: SearchBoxProps) {
  const t = useText('common')
  const id = useId()
  const [typed, setTyped] = useState(value)
  /** told, and not come back yet */
  const told = useRef<string[]>([])
  useEffect(() => {
    const at = told.current.indexOf(value)
    if (at < 0) setTyped(value)
    else told.current.splice(0, at + 1)
  }, [value])
  const tell = (text: string): void => {
    told.current.push(text)
    onChange(text)
  }
  return (
    <div role="search" className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <input
        id={id}
        type="search"
        data-page-search
        autoComplete="off"
        spellCheck={false}
        className={CONTROL}
        placeholder={t('search')}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          if (!(event.nativeEvent as InputEvent).isComposing) tell(event.target.value)
        }}
        onCompositionEnd={(event) => tell(event.currentTarget.value)}
      />
    </div>
  )
}
