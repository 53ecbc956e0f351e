// Turns a person off and on again: for a while, with nothing lost but what runs.
import { useState } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Section } from '../../../ui/page.tsx'
import { toast } from '../../../ui/toast.tsx'
import type { Person } from './person.ts'

interface PersonSwitchProps {
  readonly person: Person
  readonly isBarred: boolean
}

export function PersonSwitch({ person, isBarred }: PersonSwitchProps) {
  const t = useText('people')
  const { id, username, active } = person
  const [isAsked, setAsked] = useState(false)
  const change = useChange('setUserActive', {
    renews: ['people', 'keys', 'sessions', 'sandboxes'],
    onDone: (now) => toast(now.active ? t('switch.isOn') : t('switch.isOff')),
  })
  const set = (isOn: boolean): void => change.mutate({ params: { id }, body: { active: isOn } })
  return (
    <Section title={t('switch.title')} lead={active ? t('switch.whyOff') : t('switch.whyOn')}>
      <div>
        {active ? (
          <Button disabled={isBarred} busy={change.isPending} onClick={() => setAsked(true)}>
            {t('switch.off')}
          </Button>
        ) : (
          <Button kind="primary" busy={change.isPending} onClick={() => set(true)}>
            {t('switch.on')}
          </Button>
        )}
      </div>
      {change.error !== null && <Fault error={change.error} />}
      {isAsked && (
        <ConfirmDialog
          title={t('switch.confirmTitle', { name: username })}
          action={t('switch.off')}
          onClose={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false)
            set(false)
          }}
        >
          {t('switch.confirm')}
        </ConfirmDialog>
      )}
    </Section>
  )
}
