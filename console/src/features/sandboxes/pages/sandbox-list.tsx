// /sandboxes: the servers that run for me now, what they say, and the ways to stop one or start it anew.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { LinkButton } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { toast } from '../../../ui/toast.tsx'
import { LogDialog } from '../components/log-dialog.tsx'
import { SandboxTable } from '../components/sandbox-table.tsx'

type Sandbox = RouteResponse<'listSandboxes'>['items'][number]

/** Of memory, and of the time until it ends, nobody sends news. */
const LOOK_MS = 5_000

export function Page() {
  const t = useText('sandboxes')
  const query = useQuery({ ...queryOf('listSandboxes'), refetchInterval: LOOK_MS })
  const [heard, setHeard] = useState<Pick<Sandbox, 'id' | 'server' | 'userId'> | null>(null)
  const renews = ['sandboxes', 'servers'] as const
  const stop = useChange('stopSandbox', { renews, onDone: () => toast(t('stopped')) })
  const restart = useChange('restartSandbox', { renews, onDone: () => toast(t('restarted')) })
  const busyId = [stop, restart].find(({ isPending }) => isPending)?.variables?.params.id ?? null
  const error = stop.error ?? restart.error
  const act = (change: typeof stop | typeof restart) => (id: string) => {
    stop.reset()
    restart.reset()
    change.mutate({ params: { id } })
  }
  return (
    <Frame title={t('title')} lead={t('lead')}>
      {error !== null && <Fault error={error} />}
      <Loaded
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={
          <Empty title={t('empty.title')} action={<LinkButton to="/servers">{t('empty.servers')}</LinkButton>}>
            {t('empty.why')}
          </Empty>
        }
      >
        {({ items }) => (
          <SandboxTable
            sandboxes={items}
            busyId={busyId}
            onHear={setHeard}
            onStop={act(stop)}
            onRestart={act(restart)}
          />
        )}
      </Loaded>
      {heard !== null && (
        <LogDialog
          id={heard.id}
          server={heard.server}
          isBusy={busyId === heard.id}
          onRestart={heard.userId === null ? null : () => act(restart)(heard.id)}
          onClose={() => setHeard(null)}
        />
      )}
    </Frame>
  )
}
