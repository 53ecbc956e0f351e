// /admin/system: how the hub is as a whole, in three parts: what runs now, what its checks of itself say, what it is used for.
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { Skeleton } from '../../../ui/skeleton.tsx'
import { Tabs } from '../../../ui/tabs.tsx'
import { Checks } from '../components/checks.tsx'
import { KeyRing } from '../components/key-ring.tsx'
import { Replicas } from '../components/replicas.tsx'
import { Storage } from '../components/storage.tsx'
import { Totals } from '../components/totals.tsx'

// charts, long lists and a search, which who looks how the hub is does not wait for
const Usage = lazy(async () => ({ default: (await import('../components/usage.tsx')).Usage }))

export function Page() {
  const t = useText('system')
  return (
    <Frame title={t('title')} lead={t('lead')}>
      <Tabs
        label={t('parts')}
        tabs={[
          { key: 'now', label: t('now'), content: () => <Now /> },
          { key: 'checks', label: t('checks'), content: () => <Checks /> },
          {
            key: 'usage',
            label: t('usage'),
            content: () => (
              <Suspense fallback={<Skeleton />}>
                <Usage />
              </Suspense>
            ),
          },
        ]}
      />
    </Frame>
  )
}

function Now() {
  const query = useQuery(queryOf('getSystem'))
  return (
    <Loaded query={query}>
      {(system) => (
        <div className="flex flex-col gap-8">
          <Totals system={system} />
          <Replicas replicas={system.replicas} />
          <Storage system={system} />
          <KeyRing ring={system.keyRing} />
        </div>
      )}
    </Loaded>
  )
}
