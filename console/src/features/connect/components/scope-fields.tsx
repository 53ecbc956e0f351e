// What a key may use: everything, one server at its own address, or one group with whatever servers it has at the time.
import type { RouteBodyInput } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { SelectField, type Option } from '../../../ui/select.tsx'

export interface Scope {
  readonly kind: 'all' | 'server' | 'group'
  /** name of the server, id of the group */
  readonly which: string
}

export const EVERYTHING: Scope = { kind: 'all', which: '' }

/** As the hub takes it; undefined: everything. */
export function toScope({ kind, which }: Scope): RouteBodyInput<'createKey'>['scope'] {
  if (kind === 'all') return undefined
  return kind === 'server' ? { servers: [which] } : { groupId: which }
}

interface ScopeFieldsProps {
  readonly scope: Scope
  readonly onChange: (scope: Scope) => void
}

export function ScopeFields({ scope, onChange }: ScopeFieldsProps) {
  const t = useText('connect')
  const servers = (useQuery(queryOf('listServers')).data?.items ?? []).map(({ name, displayName }) => {
    return { value: name, label: displayName ?? name }
  })
  const groups = (useQuery(queryOf('listGroups')).data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))
  const choices: Readonly<Record<Scope['kind'], readonly Option<string>[]>> = {
    all: [],
    server: servers,
    group: groups,
  }
  const kinds: readonly Option<Scope['kind']>[] = [
    { value: 'all', label: t('scopeAll') },
    ...(servers.length > 0 ? [{ value: 'server' as const, label: t('scopeServer') }] : []),
    ...(groups.length > 0 ? [{ value: 'group' as const, label: t('scopeGroup') }] : []),
  ]
  const { kind, which } = scope
  return (
    <>
      <SelectField
        label={t('scope')}
        help={kind === 'group' ? t('groupHelp') : undefined}
        value={kind}
        options={kinds}
        onChange={(next) => onChange({ kind: next, which: choices[next][0]?.value ?? '' })}
      />
      {kind !== 'all' && (
        <SelectField
          label={kind === 'server' ? t('server') : t('group')}
          value={which}
          options={choices[kind]}
          onChange={(next) => onChange({ kind, which: next })}
        />
      )}
    </>
  )
}
