// /activity: my calls over time and what went wrong, every single call, and which of my editors are connected.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Page as Frame } from '../../../ui/page.tsx'
import { Tabs } from '../../../ui/tabs.tsx'
import { CallList } from '../components/call-list.tsx'
import { ErrorGroups } from '../components/error-groups.tsx'
import { Sessions } from '../components/sessions.tsx'
import { UsageChart } from '../components/usage-chart.tsx'

export function Page() {
  const t = useText('activity')
  return (
    <Frame title={t('title')} lead={t('lead')}>
      <Tabs
        label={t('parts')}
        tabs={[
          { key: 'overview', label: t('overview'), content: () => <Overview /> },
          { key: 'calls', label: t('calls'), content: () => <CallList /> },
          { key: 'sessions', label: t('sessions'), content: () => <Sessions /> },
        ]}
      />
    </Frame>
  )
}

function Overview() {
  return (
    <div className="flex flex-col gap-7">
      <UsageChart />
      <ErrorGroups />
    </div>
  )
}
