// The variables: first those that servers wait for, then those that are set; which servers each is for.
import type { RouteResponse } from '@mcphub/api'
import { useState } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Table } from '../../../ui/table.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { Time } from '../../../ui/time.tsx'
import { RemoveVariable } from './remove-variable.tsx'
import { SetVariable } from './set-variable.tsx'

type Answer = RouteResponse<'listOrgVariables'>

interface Variable {
  readonly name: string
  readonly servers: readonly string[]
  /** null: it has no value */
  readonly updatedAt: string | null
}

interface VariableTableProps {
  readonly set: Answer['items']
  readonly missing: Answer['missing']
}

export function VariableTable({ set, missing }: VariableTableProps) {
  const t = useText('org-variables')
  const variables: readonly Variable[] = [...missing.map((one) => ({ ...one, updatedAt: null })), ...set]
  return (
    <Table
      label={t('title')}
      rows={variables}
      keyOf={({ name }) => name}
      columns={[
        { key: 'name', head: t('name'), isName: true, cell: ({ name }) => <code>{name}</code> },
        { key: 'state', head: t('state'), cell: (one) => <State variable={one} /> },
        { key: 'servers', head: t('servers'), cell: ({ servers }) => <Servers names={servers} /> },
        { key: 'acts', head: t('acts'), cell: (one) => <Acts variable={one} /> },
      ]}
    />
  )
}

function State({ variable: { updatedAt } }: { readonly variable: Variable }) {
  const t = useText('org-variables')
  if (updatedAt === null) return <Badge tone="warn">{t('notSet')}</Badge>
  return (
    <span>
      {t('setAt')} <Time at={updatedAt} />
    </span>
  )
}

function Servers({ names }: { readonly names: readonly string[] }) {
  const t = useText('org-variables')
  if (names.length === 0) return <span className="text-muted">{t('unused')}</span>
  return (
    <ul className="flex flex-wrap gap-x-3">
      {names.map((name) => (
        <li key={name}>
          <TextLink to={`/servers/${encodeURIComponent(name)}`}>{name}</TextLink>
        </li>
      ))}
    </ul>
  )
}

function Acts({ variable: { name, servers, updatedAt } }: { readonly variable: Variable }) {
  const t = useText('org-variables')
  const [isSetting, setSetting] = useState(false)
  const isSet = updatedAt !== null
  return (
    <span className="flex flex-wrap gap-2">
      <Button
        kind={isSet ? 'plain' : 'primary'}
        aria-label={isSet ? t('replaceNamed', { name }) : t('setNamed', { name })}
        onClick={() => setSetting(true)}
      >
        {isSet ? t('replace') : t('set')}
      </Button>
      {isSet && <RemoveVariable name={name} servers={servers} />}
      {isSetting && <SetVariable name={name} isSet={isSet} onClose={() => setSetting(false)} />}
    </span>
  )
}
