// Each replica of the hub: whether it is heard of, how busy it is, since when it runs.
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import type { System } from './totals.tsx'

type Replica = System['replicas'][number]

export function Replicas({ replicas }: Pick<System, 'replicas'>) {
  const t = useText('system')
  const format = useFormat()
  const count = (key: 'sessions' | 'callsInFlight' | 'callsQueued' | 'connections'): Column<Replica> => ({
    key,
    head: t(key),
    isNumber: true,
    cell: (replica) => format.number(replica[key]),
  })
  return (
    <Section title={t('replicas')}>
      <Table
        label={t('replicas')}
        rows={replicas}
        keyOf={({ name }) => name}
        columns={[
          { key: 'name', head: t('name'), isName: true, cell: (replica) => <Name replica={replica} /> },
          { key: 'state', head: t('state'), cell: (replica) => <State replica={replica} /> },
          { key: 'version', head: t('version'), cell: ({ version }) => version },
          { key: 'since', head: t('since'), cell: ({ startedAt }) => <Time at={startedAt} /> },
          count('sessions'),
          count('connections'),
          count('callsInFlight'),
          count('callsQueued'),
          { key: 'memory', head: t('memory'), isNumber: true, cell: ({ memoryBytes }) => format.bytes(memoryBytes) },
        ]}
      />
    </Section>
  )
}

function Name({ replica: { name, isThis } }: { readonly replica: Replica }) {
  const t = useText('system')
  return (
    <span className="flex flex-col">
      <span className="break-all">{name}</span>
      {isThis && <span className="text-small font-normal text-muted">{t('isThis')}</span>}
    </span>
  )
}

function State({ replica: { isLive, seenAt } }: { readonly replica: Replica }) {
  const t = useText('system')
  if (isLive) return <Badge tone="good">{t('live')}</Badge>
  return (
    <span className="flex flex-wrap items-center gap-2">
      <Badge tone="bad">{t('silentSince')}</Badge> <Time at={seenAt} />
    </span>
  )
}
