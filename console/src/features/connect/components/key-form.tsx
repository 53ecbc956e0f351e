// A key in one click: its name, what it may use and how long it is valid are filled in; who wants it narrower says so.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useHubClock } from '../../../lib/hub-clock.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { ExpiryField } from '../../../ui/expiry.tsx'
import { Fault, useFieldFault } from '../../../ui/fault.tsx'
import { TextField } from '../../../ui/field.tsx'
import { nextName } from './next-name.ts'
import { EVERYTHING, ScopeFields, toScope, type Scope } from './scope-fields.tsx'

/** With the key itself: it goes from hand to hand and is kept nowhere. */
export type MadeKey = RouteResponse<'createKey'>

interface KeyFormProps {
  /** what the key is called after, until somebody says otherwise */
  readonly editor: string
  readonly onMade: (key: MadeKey) => void
}

const DAYS = 90
const inDays = (days: number): string => new Date(Date.now() + days * 24 * 60 * 60 * 1000).toISOString()

export function KeyForm({ editor, onMade }: KeyFormProps) {
  const t = useText('connect')
  const clock = useHubClock()
  const fieldFault = useFieldFault()
  const keys = useQuery(queryOf('listKeys'))
  const [typed, setTyped] = useState<string | null>(null)
  const [scope, setScope] = useState<Scope>(EVERYTHING)
  const [until, setUntil] = useState<string | null>(() => inDays(DAYS))
  const make = useChange('createKey', { renews: ['keys'], onDone: onMade })
  const name =
    typed ??
    nextName(
      editor,
      (keys.data?.items ?? []).map((key) => key.name),
    )
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const asked = toScope(scope)
    make.mutate({
      body: {
        name: name.trim(),
        ...(asked && { scope: asked }),
        ...(until !== null && { expiresAt: clock.there(until) }),
      },
    })
  }
  const expiryFault = fieldFault(make.error, 'expiresAt', t('fault.expires'))
  const nameFault = fieldFault(make.error, 'name', t('fault.name'))
  const isPlaced = expiryFault !== null || nameFault !== null
  return (
    <form onSubmit={submit} className="flex max-w-3xl flex-col gap-4">
      <div className="grid items-start gap-4 md:grid-cols-2">
        <TextField
          label={t('name')}
          help={t('nameHelp')}
          fault={nameFault}
          value={name}
          onChange={setTyped}
          maxLength={64}
          autoComplete="off"
          required
        />
        <ExpiryField label={t('expires')} fault={expiryFault} value={until} onChange={setUntil} />
        <ScopeFields scope={scope} onChange={setScope} />
      </div>
      {make.isError && !isPlaced && <Fault error={make.error} />}
      <div>
        <Button type="submit" kind="primary" icon="key" busy={make.isPending}>
          {t('make')}
        </Button>
      </div>
    </form>
  )
}
