// The servers that run for a person; an administrator may stop each, and reads nothing of what it writes.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import { toast } from '../../../ui/toast.tsx'

type Sandbox = RouteResponse<'listAllSandboxes'>['items'][number]

const TONES = { Starting: 'calm', Running: 'good', Ending: 'calm', Failed: 'bad' } as const

export function PersonSandboxes({ userId }: { readonly userId: string }) {
  const t = useText('people')
  const query = useQuery(queryOf('listAllSandboxes', { query: { userId } }))
  return (
    <Section title={t('boxes.title')}>
      <Loaded query={query} isEmpty={({ items }) => items.length === 0} empty={<Empty title={t('boxes.none')} />}>
        {({ items }) => <SandboxTable sandboxes={items} />}
      </Loaded>
    </Section>
  )
}

function SandboxTable({ sandboxes }: { readonly sandboxes: readonly Sandbox[] }) {
  const t = useText('people')
  const format = useFormat()
  const mayChange = useMe().role === 'admin'
  const columns: readonly Column<Sandbox>[] = [
    { key: 'server', head: t('boxes.server'), isName: true, cell: ({ server }) => <bdi>{server}</bdi> },
    {
      ...{ key: 'state', head: t('boxes.state') },
      cell: ({ state }) => <Badge tone={TONES[state]}>{t(`runs.${state}`)}</Badge>,
    },
    { key: 'used', head: t('boxes.used'), cell: ({ lastActiveAt }) => <Time at={lastActiveAt} /> },
    {
      ...{ key: 'memory', head: t('boxes.memory'), isNumber: true },
      cell: ({ memoryBytes }) => (memoryBytes === null ? '–' : format.bytes(memoryBytes)),
    },
  ]
  const acts: Column<Sandbox> = { key: 'stop', head: t('acts'), cell: (one) => <StopSandbox sandbox={one} /> }
  return (
    <Table
      label={t('boxes.title')}
      rows={sandboxes}
      keyOf={({ id }) => id}
      columns={mayChange ? [...columns, acts] : columns}
    />
  )
}

function StopSandbox({ sandbox: { id, server } }: { readonly sandbox: Sandbox }) {
  const t = useText('people')
  const stop = useChange('stopSandbox', { renews: ['sandboxes'], onDone: () => toast(t('boxes.stopped')) })
  return (
    <>
      <Button
        busy={stop.isPending}
        aria-label={t('boxes.stopNamed', { name: server })}
        onClick={() => stop.mutate({ params: { id } })}
      >
        {t('boxes.stop')}
      </Button>
      {stop.error !== null && <Fault error={stop.error} />}
    </>
  )
}
