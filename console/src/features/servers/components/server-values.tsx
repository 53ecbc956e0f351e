// What a server wants of a person: one field for each of its variables, as the catalogue describes them.
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import type { ServerDetail } from './server-state.tsx'
import { VariableField } from './variable-field.tsx'

export function ServerValues({ server }: { readonly server: ServerDetail }) {
  const t = useText('servers')
  const [params] = useSearchParams()
  const saved = useQuery(queryOf('listUserVariables'))
  if (server.userVariables.length === 0) return <Empty title={t('values.none')}>{t('values.noneWhy')}</Empty>
  return (
    <div className="flex max-w-prose flex-col gap-6">
      <p className="text-muted">{t('values.lead')}</p>
      <Loaded query={saved}>
        {({ items }) =>
          server.userVariables.map((variable) => (
            <VariableField
              key={variable.name}
              variable={variable}
              server={server}
              isWanted={params.get('value') === variable.name}
              saved={items.find(({ name }) => name === variable.name) ?? null}
            />
          ))
        }
      </Loaded>
    </div>
  )
}
