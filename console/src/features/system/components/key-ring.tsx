// The key ring that seals what people and the organisation entrusted to the hub, and its rotation. Every value is sealed anew; how far that
// has come is asked for while it runs, whoever began it.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Facts } from '../../../ui/facts.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Meter } from '../../../ui/meter.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import type { System } from './totals.tsx'

const LOOK_MS = 1_000

export function KeyRing({ ring }: { readonly ring: System['keyRing'] }) {
  const t = useText('system')
  const { role } = useMe()
  const [isAsked, setAsked] = useState(false)
  const rotate = useChange('rotateKeyRing', { renews: ['system', 'audit'] })
  // the same answer as the page's, only more often
  useQuery({ ...queryOf('getSystem'), enabled: rotate.isPending, refetchInterval: LOOK_MS })
  const { keyId, sealed, behind } = ring
  const isUnderWay = rotate.isPending || behind > 0
  return (
    <Section title={t('ring')} lead={t('ringLead')}>
      <Facts
        facts={[
          { label: t('ringKey'), value: <code className="break-all">{keyId}</code> },
          { label: t('ringSealed'), value: t('values', { count: sealed }) },
        ]}
      />
      {isUnderWay && (
        <div className="max-w-prose">
          <Meter
            label={t('ringProgress')}
            value={sealed - behind}
            most={sealed}
            text={t('ringDone', { done: sealed - behind, sealed })}
          />
        </div>
      )}
      {!rotate.isPending && behind > 0 && <Notice>{t('ringBehind', { count: behind })}</Notice>}
      <div role="status">
        {rotate.isPending && <p className="text-muted">{t('rotating')}</p>}
        {rotate.data && <Notice tone="good">{t('rotated', { count: rotate.data.resealed })}</Notice>}
      </div>
      {rotate.error !== null && <Fault error={rotate.error} />}
      {role === 'admin' && (
        <div>
          <Button busy={rotate.isPending} onClick={() => setAsked(true)}>
            {t('rotate')}
          </Button>
        </div>
      )}
      {isAsked && (
        <ConfirmDialog
          kind="primary"
          title={t('rotateTitle')}
          action={t('rotate')}
          onClose={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false)
            rotate.mutate({})
          }}
        >
          <p className="max-w-prose">{t('rotateWhy')}</p>
        </ConfirmDialog>
      )}
    </Section>
  )
}
