// What the hub stands on: the database and its connections, the audit on its way there, the operator of the cluster.
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Facts } from '../../../ui/facts.tsx'
import { Meter } from '../../../ui/meter.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { Time } from '../../../ui/time.tsx'
import type { System } from './totals.tsx'

export function Storage({ system }: { readonly system: System }) {
  return (
    <div className="grid gap-8 md:grid-cols-2">
      <DatabaseSection database={system.database} />
      <AuditSection audit={system.audit} />
      <OperatorSection operator={system.operator} />
    </div>
  )
}

function DatabaseSection({ database: { version, sizeBytes, pool } }: Pick<System, 'database'>) {
  const t = useText('system')
  const format = useFormat()
  const busy = pool.total - pool.idle
  return (
    <Section title={t('database')}>
      <Facts
        facts={[
          { label: t('version'), value: t('postgres', { version }) },
          { label: t('size'), value: format.bytes(sizeBytes) },
          { label: t('waiting'), value: format.number(pool.waiting) },
        ]}
      />
      <Meter label={t('pool')} value={busy} most={pool.total} text={t('poolText', { busy, total: pool.total })} />
    </Section>
  )
}

function AuditSection({ audit: { queued, written, lost } }: Pick<System, 'audit'>) {
  const t = useText('system')
  const format = useFormat()
  return (
    <Section title={t('audit')}>
      <Facts
        facts={[
          { label: t('auditQueued'), value: format.number(queued) },
          { label: t('auditWritten'), value: format.number(written) },
          { label: t('auditLost'), value: format.number(lost) },
        ]}
      />
      {lost > 0 && <Notice tone="bad">{t('auditLostWhy')}</Notice>}
    </Section>
  )
}

function OperatorSection({ operator }: Pick<System, 'operator'>) {
  const t = useText('system')
  if (operator === null) {
    return (
      <Section title={t('operator')}>
        <p className="text-muted">{t('noOperator')}</p>
      </Section>
    )
  }
  const { holder, renewedAt, isLive } = operator
  return (
    <Section title={t('operator')}>
      <Facts
        facts={[
          {
            label: t('state'),
            value: <Badge tone={isLive ? 'good' : 'bad'}>{isLive ? t('live') : t('noLeader')}</Badge>,
          },
          holder === null ? null : { label: t('leader'), value: <code className="break-all">{holder}</code> },
          renewedAt === null ? null : { label: t('renewed'), value: <Time at={renewedAt} /> },
        ]}
      />
    </Section>
  )
}
