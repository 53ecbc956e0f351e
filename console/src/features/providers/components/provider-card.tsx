// One provider as it is: who may come in, where it comes from, whether it is in use; and what may be done with it.
import { useState } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { CopyButton } from '../../../ui/copy.tsx'
import { Facts } from '../../../ui/facts.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { RemoveButton } from '../../../ui/remove-button.tsx'
import { toast } from '../../../ui/toast.tsx'
import { CheckResults } from './check-results.tsx'
import { configOf, draftOf, type Provider } from './provider-draft.ts'

interface ProviderCardProps {
  readonly provider: Provider
  /** with `:id` in the place of the short name */
  readonly redirectUri: string
  readonly onEdit: () => void
}

export function ProviderCard({ provider, redirectUri, onEdit }: ProviderCardProps) {
  const t = useText('providers')
  const { id, kind, label, source, hasSecret, newPeople, clientId } = provider
  const check = useCardCheck(provider)
  const listOf = (values: readonly string[]): string | null => (values.length === 0 ? null : values.join(', '))
  const fact = (name: string, value: string | null) =>
    value === null ? null : { label: name, value: <bdi>{value}</bdi> }
  const { organisations, domains, groups, tenants, everyone } = provider.allow
  return (
    <li className="flex flex-col gap-3 rounded-md border border-line bg-surface p-4">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3 className="flex min-w-0 flex-wrap items-center gap-2 font-semibold">
          <bdi>{label}</bdi>
          <State provider={provider} />
        </h3>
        <div className="flex flex-wrap gap-2">
          <Button busy={check.isBusy} aria-label={t('checkNamed', { label })} onClick={check.start}>
            {t('check')}
          </Button>
          {source === 'console' && (
            <>
              <Button aria-label={t('editNamed', { label })} onClick={onEdit}>
                {t('edit')}
              </Button>
              <Remove provider={provider} />
            </>
          )}
        </div>
      </div>
      {source === 'config' && <p className="text-muted">{t('fromConfig')}</p>}
      <Facts
        facts={[
          { label: t('id'), value: <code>{id}</code> },
          { label: t('redirectUri'), value: <Address text={redirectUri.replace(':id', id)} label={label} /> },
          { label: t('kind'), value: t(`kind.${kind}`) },
          fact(t('issuer'), provider.issuer),
          kind === 'github' ? fact(t('webUrl'), provider.webUrl) : null,
          { label: t('clientId'), value: <code className="break-all">{clientId}</code> },
          { label: t('clientSecret'), value: hasSecret ? t('secretIsKept') : t('noSecret') },
          fact(t('organisations'), listOf(organisations)),
          fact(t('domains'), listOf(domains)),
          fact(t('groups'), listOf(groups)),
          fact(t('tenants'), listOf(tenants)),
          everyone ? { label: t('allow'), value: t('everyone') } : null,
          { label: t('newPeople'), value: newPeople === 'Create' ? t('create') : t('invitedOnly') },
          fact(t('claims'), listOf(provider.claims)),
        ]}
      />
      {check.found && <CheckResults items={check.found} />}
      {check.error !== null && <Fault error={check.error} />}
    </li>
  )
}

/** What was found of it before it was changed is of another one. */
function useCardCheck(provider: Provider) {
  const { id, version } = provider
  const check = useChange('checkProvider')
  const [checked, setChecked] = useState(version)
  const isOfThis = checked === version
  return {
    isBusy: check.isPending,
    found: isOfThis ? check.data?.items : undefined,
    error: isOfThis ? check.error : null,
    start(): void {
      setChecked(version)
      check.mutate({ body: { id, config: configOf(draftOf(provider)) } })
    },
  }
}

/** As it is entered at the provider. `label`: the provider's. */
function Address({ text, label }: { readonly text: string; readonly label: string }) {
  const t = useText('providers')
  const tell = useText('common')
  return (
    <span className="flex flex-wrap items-center gap-2">
      <code className="min-w-0 break-all">{text}</code>
      <CopyButton text={text} label={`${tell('copy')}: ${t('redirectUriOf', { label })}`} />
    </span>
  )
}

function State({ provider: { enabled, isHidden, source } }: { readonly provider: Provider }) {
  const t = useText('providers')
  if (isHidden) return <Badge tone="warn">{t('hidden')}</Badge>
  return (
    <>
      {enabled ? <Badge tone="good">{t('on')}</Badge> : <Badge tone="calm">{t('off')}</Badge>}
      {source === 'config' && (
        <Badge tone="calm" icon="info">
          {t('readOnly')}
        </Badge>
      )}
    </>
  )
}

function Remove({ provider: { id, label, version } }: { readonly provider: Provider }) {
  const t = useText('providers')
  const remove = useChange('deleteProvider', { renews: ['providers'], onDone: () => toast(t('removed')) })
  return (
    <RemoveButton
      text={t('remove')}
      label={t('removeNamed', { label })}
      title={t('removeTitle', { label })}
      busy={remove.isPending}
      error={remove.error}
      onRemove={() => remove.mutate({ params: { id }, query: { version: version ?? '' } })}
    >
      {t('removeWhat')}
    </RemoveButton>
  )
}
