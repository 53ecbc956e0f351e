// The numbers one looks at first: what goes on at this moment on all replicas together.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Stats } from '../../../ui/stats.tsx'

export type System = RouteResponse<'getSystem'>

export function Totals({ system: { replicas, sandboxes } }: { readonly system: System }) {
  const t = useText('system')
  const format = useFormat()
  const live = replicas.filter(({ isLive }) => isLive)
  const sum = (member: 'sessions' | 'callsInFlight' | 'callsQueued'): string =>
    format.number(live.reduce((total, replica) => total + replica[member], 0))
  return (
    <Stats
      label={t('now')}
      stats={[
        { label: t('sessions'), value: sum('sessions') },
        { label: t('callsInFlight'), value: sum('callsInFlight'), help: t('queued', { queued: sum('callsQueued') }) },
        {
          label: t('sandboxes'),
          value: format.number(sandboxes.running),
          help: t('sandboxStates', { starting: sandboxes.starting, failed: sandboxes.failed, other: sandboxes.other }),
        },
        {
          label: t('replicas'),
          value: format.number(live.length),
          help: t('silent', { count: replicas.length - live.length }),
        },
      ]}
    />
  )
}
