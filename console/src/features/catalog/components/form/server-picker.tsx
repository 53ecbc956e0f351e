// The servers of a group: those of the catalogue to tick, and those that are named and not there.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../../lib/api/query.ts'
import { useText } from '../../../../lib/i18n/use-text.ts'
import { CheckList } from '../../../../ui/check-list.tsx'
import { Loaded } from '../../../../ui/loaded.tsx'
import type { ControlProps } from './field-control.tsx'
import { RowFault } from './list-frame.tsx'
import { valueAt } from './manifest.ts'

export function ServerPicker({ field: { path }, words, data, edit }: ControlProps) {
  const t = useText('catalog')
  const query = useQuery(queryOf('listAdminServers'))
  const value = valueAt(data, path)
  const chosen = (Array.isArray(value) ? value : []).map(String)
  return (
    <Loaded query={query}>
      {({ items }) => {
        const missing = chosen.filter((name) => items.every((server) => server.name !== name))
        const options = [
          ...missing.map((name) => ({ value: name, label: name, help: t('servers.missing') })),
          ...items.map(({ name, displayName, access }) => ({
            value: name,
            label: displayName === null ? name : `${displayName} (${name})`,
            ...(access === 'Everyone' ? { help: t('servers.everyone') } : {}),
          })),
        ]
        return (
          <div className="flex flex-col gap-1">
            <CheckList
              label={words.label}
              help={t('help.servers')}
              options={options}
              chosen={chosen}
              onChange={(next) => edit(path, next)}
            />
            <RowFault fault={words.fault ?? null} />
          </div>
        )
      }}
    </Loaded>
  )
}
