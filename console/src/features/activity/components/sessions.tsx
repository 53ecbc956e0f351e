// My open MCP sessions by client, each of which can be ended.
import { useQuery } from '@tanstack/react-query'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button, LinkButton } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import { toast } from '../../../ui/toast.tsx'
import { groupSessions, type Client, type Session } from './group-sessions.ts'

export function Sessions() {
  const t = useText('activity')
  const query = useQuery(queryOf('listSessions'))
  const end = useChange('endSession', {
    renews: ['sessions', 'sandboxes', 'activity'],
    onDone: () => toast(t('session.ended')),
  })
  const busyId = end.isPending ? end.variables.params.id : null
  return (
    <div className="flex flex-col gap-6">
      <p className="max-w-prose text-muted">{t('session.lead')}</p>
      {end.error !== null && <Fault error={end.error} />}
      <Loaded
        query={query}
        isEmpty={({ items }) => groupSessions(items).length === 0}
        empty={
          <Empty title={t('session.none')} action={<LinkButton to="/connect">{t('session.connect')}</LinkButton>}>
            {t('session.noneWhy')}
          </Empty>
        }
      >
        {({ items }) =>
          groupSessions(items).map((client) => (
            <ClientSessions
              key={client.name ?? ''}
              client={client}
              busyId={busyId}
              onEnd={(id) => end.mutate({ params: { id } })}
            />
          ))
        }
      </Loaded>
    </div>
  )
}

interface ClientSessionsProps {
  readonly client: Client
  readonly busyId: string | null
  readonly onEnd: (id: string) => void
}

function ClientSessions({ client, busyId, onEnd }: ClientSessionsProps) {
  const t = useText('activity')
  const name = client.name ?? t('session.unknownClient')
  const columns: readonly Column<Session>[] = [
    { key: 'endpoint', head: t('session.endpoint'), isName: true, cell: ({ endpoint }) => <code>{endpoint}</code> },
    { key: 'version', head: t('session.version'), cell: ({ clientVersion }) => clientVersion ?? '–' },
    { key: 'revision', head: t('session.revision'), cell: ({ revision }) => revision },
    { key: 'opened', head: t('session.opened'), cell: ({ openedAt }) => <Time at={openedAt} /> },
    { key: 'seen', head: t('session.seen'), cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
    {
      key: 'end',
      head: t('session.acts'),
      cell: ({ id, endpoint }) => (
        <Button
          busy={busyId === id}
          aria-label={t('session.endLabel', { client: name, endpoint })}
          onClick={() => onEnd(id)}
        >
          {t('session.end')}
        </Button>
      ),
    },
  ]
  return (
    <Section title={t('session.of', { client: name, count: client.sessions.length })}>
      <Table label={name} columns={columns} rows={client.sessions} keyOf={({ id }) => id} />
    </Section>
  )
}
