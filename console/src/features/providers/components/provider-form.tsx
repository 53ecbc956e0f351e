// A provider as a form: what it is, who may come in through it, whether it works; saved as a whole. A secret is forgotten with the form.
import type { RouteResponse } from '@mcphub/api'
import type { SubmitEvent } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { CheckField, ChoiceField } from '../../../ui/choice.tsx'
import { CopyBlock } from '../../../ui/copy.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { toast } from '../../../ui/toast.tsx'
import { AllowFields } from './allow-fields.tsx'
import { CheckResults } from './check-results.tsx'
import { DraftField, type DraftProps } from './draft-field.tsx'
import { hasFault, isName, type Provider } from './provider-draft.ts'
import { ProviderFields } from './provider-fields.tsx'
import { RedirectUri } from './redirect-uri.tsx'
import { useProviderForm } from './use-provider-form.ts'

interface ProviderFormProps {
  /** null: a new one */
  readonly provider: Provider | null
  /** all there are, and the hub's own addresses */
  readonly known: RouteResponse<'listProviders'>
  readonly onSaved: () => void
  /** the other way out */
  readonly onCancel?: () => void
}

export function ProviderForm({ provider, known, onSaved, onCancel }: ProviderFormProps) {
  const t = useText('providers')
  const tell = useText('common')
  const form = useProviderForm({
    provider,
    taken: known.items.map(({ id }) => id),
    onSaved: () => {
      toast(t('saved'))
      onSaved()
    },
  })
  const { draft, error, found, change } = form
  const fields = { draft, error, onChange: change }
  const send = (event: SubmitEvent): void => {
    event.preventDefault()
    form.save()
  }
  return (
    <form onSubmit={send} className="flex flex-col gap-5">
      {provider === null && (
        <>
          <KindField {...fields} />
          <DraftField {...fields} name="id" label={t('id')} help={t('idHelp')} required />
        </>
      )}
      <RedirectUri template={known.redirectUri} id={form.name} />
      <ProviderFields {...fields} hasSecret={provider?.hasSecret ?? false} />
      <AllowFields {...fields} />
      {draft.kind === 'oidc' && isName(form.name) && (
        <CopyBlock text={known.logoutUri.replace(':id', form.name)} label={t('logoutUri')} />
      )}
      <CheckField
        label={t('enabled')}
        help={t('enabledHelp')}
        isOn={draft.enabled}
        onChange={(enabled) => change({ enabled })}
      />
      {found !== null && <CheckResults items={found} />}
      {error !== null && !NAMES.some((name) => hasFault(error, name)) && <Fault error={error} />}
      <div className="flex flex-wrap justify-end gap-2">
        {onCancel && <Button onClick={onCancel}>{tell('cancel')}</Button>}
        <Button busy={form.isChecking} onClick={form.check}>
          {t('check')}
        </Button>
        <Button type="submit" kind="primary" busy={form.isSaving}>
          {t('save')}
        </Button>
      </div>
    </form>
  )
}

function KindField({ draft, onChange }: DraftProps) {
  const t = useText('providers')
  return (
    <ChoiceField
      label={t('kind')}
      value={draft.kind}
      onChange={(kind) => onChange({ kind })}
      choices={[
        { value: 'oidc', label: t('kind.oidc'), help: t('kind.oidcHelp') },
        { value: 'github', label: t('kind.github'), help: t('kind.githubHelp') },
      ]}
    />
  )
}

/** Faults of these stand at their fields. */
const NAMES = [
  ...['id', 'label', 'clientId', 'clientSecret', 'issuer', 'webUrl', 'apiUrl', 'scopes', 'claims'],
  ...['organisations', 'domains', 'groups', 'tenants'],
]
