// The editors a person has connected: MCP sessions, each of which an administrator may end.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import { toast } from '../../../ui/toast.tsx'
import type { Person } from './person.ts'

type Session = RouteResponse<'listAllSessions'>['items'][number]

/** An editor that says nothing for so long has to begin anew. */
const IDLE_MS = 60 * 60 * 1000

export function PersonEditors({ person }: { readonly person: Person }) {
  const t = useText('people')
  const { id, active } = person
  const query = useQuery(queryOf('listAllSessions', { query: { userId: id } }))
  const keys = useQuery(queryOf('listUserKeys', { params: { id } })).data?.items ?? []
  // who may not come in has nothing open, though nobody said goodbye
  const listOpen = (sessions: readonly Session[]): readonly Session[] =>
    active ? findOpen(sessions, new Set(keys.map((key) => key.id))) : []
  return (
    <Section title={t('editors.title')}>
      <Loaded
        query={query}
        isEmpty={({ items }) => listOpen(items).length === 0}
        empty={<Empty title={t('editors.none')} />}
      >
        {({ items }) => <EditorTable sessions={listOpen(items)} />}
      </Loaded>
    </Section>
  )
}

function findOpen(sessions: readonly Session[], keys: ReadonlySet<string>): readonly Session[] {
  const now = Date.now()
  return sessions.filter(
    ({ endedAt, keyId, lastSeenAt }) =>
      endedAt === null && keys.has(keyId) && now - new Date(lastSeenAt).getTime() < IDLE_MS,
  )
}

function EditorTable({ sessions }: { readonly sessions: readonly Session[] }) {
  const t = useText('people')
  const mayChange = useMe().role === 'admin'
  const columns: readonly Column<Session>[] = [
    { key: 'client', head: t('editors.client'), isName: true, cell: (one) => clientOf(one) ?? t('editors.unknown') },
    { key: 'endpoint', head: t('editors.endpoint'), cell: ({ endpoint }) => <code>{endpoint}</code> },
    { key: 'since', head: t('logins.since'), cell: ({ openedAt }) => <Time at={openedAt} /> },
    { key: 'seen', head: t('logins.seen'), cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
  ]
  const acts: Column<Session> = { key: 'end', head: t('acts'), cell: (one) => <EndEditor session={one} /> }
  return (
    <Table
      label={t('editors.title')}
      rows={sessions}
      keyOf={({ id }) => id}
      columns={mayChange ? [...columns, acts] : columns}
    />
  )
}

const clientOf = ({ clientName, clientVersion }: Session): string | null =>
  clientName === null ? null : `${clientName} ${clientVersion ?? ''}`.trim()

function EndEditor({ session }: { readonly session: Session }) {
  const t = useText('people')
  const end = useChange('endSession', { renews: ['sessions', 'sandboxes'], onDone: () => toast(t('editors.ended')) })
  const name = clientOf(session) ?? t('editors.unknown')
  return (
    <>
      <Button
        busy={end.isPending}
        aria-label={t('editors.endNamed', { name })}
        onClick={() => end.mutate({ params: { id: session.id } })}
      >
        {t('editors.end')}
      </Button>
      {end.error !== null && <Fault error={end.error} />}
    </>
  )
}
