// The people of a group: found by a part of their name, named by their handle.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { queryOf } from '../../../../lib/api/query.ts'
import { useText } from '../../../../lib/i18n/use-text.ts'
import { IconButton } from '../../../../ui/button.tsx'
import { ComboField } from '../../../../ui/combo.tsx'
import type { ControlProps } from './field-control.tsx'
import { ListFrame } from './list-frame.tsx'
import { valueAt } from './manifest.ts'

const FOUND = 12
/** more of them nobody reads; the text has them all */
const SHOWN = 200

export function PeoplePicker({ field: { path }, words, data, edit }: ControlProps) {
  const t = useText('catalog')
  const value = valueAt(data, path)
  const chosen = (Array.isArray(value) ? value : []).map(String)
  const options = useFoundPeople()
  return (
    <ListFrame words={words}>
      <ComboField
        label={t('people.find')}
        value={null}
        options={options.found.filter((option) => !chosen.includes(option.value))}
        onSearch={options.search}
        onChange={(option) => {
          if (option !== null) edit([...path, chosen.length], option.value)
        }}
      />
      <ul aria-label={words.label} className="flex max-h-72 flex-wrap gap-2 overflow-y-auto">
        {chosen.slice(0, SHOWN).map((username, index) => (
          <li key={username} className="flex items-center gap-1 rounded-full bg-raised pl-3">
            <bdi>{username}</bdi>
            <IconButton
              icon="close"
              label={t('people.remove', { username })}
              onClick={() => edit([...path, index], undefined)}
            />
          </li>
        ))}
      </ul>
      <p role="status" className="text-small text-muted">
        {chosen.length > SHOWN
          ? t('people.more', { count: chosen.length, shown: SHOWN })
          : t('people', { count: chosen.length })}
      </p>
    </ListFrame>
  )
}

function useFoundPeople() {
  const [typed, search] = useState('')
  const wanted = useDeferredValue(typed.trim().slice(0, 64))
  const query = { state: 'active', limit: FOUND, ...(wanted === '' ? {} : { search: wanted }) } as const
  const { data } = useQuery({ ...queryOf('listUsers', { query }), placeholderData: keepPreviousData })
  // what was found before stands there until there is more: of that, only what fits
  const fits = data?.items.filter(({ username }) => username.includes(typed.trim().toLowerCase())) ?? []
  return { found: fits.map(({ username }) => ({ value: username, label: username })), search }
}
