// The accounts elsewhere that let me in: linked at the provider, unlinked here. The last way in stays, and says so beforehand.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button, LONG_NAME } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import { toast } from '../../../ui/toast.tsx'
import { LinkOutcome } from './link-outcome.tsx'

type Account = RouteResponse<'listAccounts'>['items'][number]
type Provider = RouteResponse<'getLogin'>['providers'][number]

export function LinkedAccounts() {
  const t = useText('account')
  const accounts = useQuery(queryOf('listAccounts'))
  const providers = useQuery(queryOf('getLogin')).data?.providers ?? []
  const linked = accounts.data?.items ?? []
  // where there is neither a provider nor an account there is nothing to tell
  if (accounts.isSuccess && linked.length + providers.length === 0) return <LinkOutcome />
  return (
    <Section title={t('accounts.title')} lead={t('accounts.lead')}>
      <LinkOutcome />
      <Loaded
        query={accounts}
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title={t('accounts.none')}>{t('accounts.noneWhy')}</Empty>}
      >
        {({ items }) => <AccountTable accounts={items} />}
      </Loaded>
      <div className="flex flex-wrap gap-2">
        {providers
          .filter(({ id }) => !linked.some(({ provider }) => provider === id))
          .map((provider) => (
            <LinkAccount key={provider.id} provider={provider} />
          ))}
      </div>
    </Section>
  )
}

function AccountTable({ accounts }: { readonly accounts: readonly Account[] }) {
  const t = useText('account')
  const { hasPassword } = useMe()
  const isLastWayIn = !hasPassword && accounts.length === 1
  const columns: readonly Column<Account>[] = [
    { key: 'label', head: t('accounts.provider'), isName: true, cell: ({ label }) => label },
    { key: 'account', head: t('accounts.account'), cell: ({ account }) => <bdi>{account ?? '–'}</bdi> },
    { key: 'since', head: t('accounts.since'), cell: ({ linkedAt }) => <Time at={linkedAt} /> },
    {
      ...{ key: 'used', head: t('accounts.used') },
      cell: ({ loginAt }) => (loginAt === null ? t('accounts.never') : <Time at={loginAt} />),
    },
    {
      ...{ key: 'unlink', head: t('acts') },
      cell: (account) => <UnlinkAccount account={account} isBarred={isLastWayIn} />,
    },
  ]
  return (
    <>
      {isLastWayIn && <Notice tone="calm">{t('accounts.lastWayIn')}</Notice>}
      <Table label={t('accounts.title')} rows={accounts} keyOf={({ id }) => id} columns={columns} />
    </>
  )
}

interface UnlinkAccountProps {
  readonly account: Account
  readonly isBarred: boolean
}

function UnlinkAccount({ account: { id, label }, isBarred }: UnlinkAccountProps) {
  const t = useText('account')
  const [isAsked, setAsked] = useState(false)
  const unlink = useChange('unlinkAccount', { renews: ['me'], onDone: () => toast(t('accounts.unlinked')) })
  return (
    <>
      <Button
        kind="danger"
        disabled={isBarred}
        busy={unlink.isPending}
        aria-label={t('accounts.unlinkNamed', { name: label })}
        onClick={() => setAsked(true)}
      >
        {t('accounts.unlink')}
      </Button>
      {unlink.error !== null && <Fault error={unlink.error} />}
      {isAsked && (
        <ConfirmDialog
          title={t('accounts.unlinkTitle', { name: label })}
          action={t('accounts.unlink')}
          onClose={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false)
            unlink.mutate({ params: { id } })
          }}
        >
          {t('accounts.unlinkWhy')}
        </ConfirmDialog>
      )}
    </>
  )
}

function LinkAccount({ provider: { id, label } }: { readonly provider: Provider }) {
  const t = useText('account')
  // the provider is another site: the whole page goes there, and comes back to /account
  const start = useChange('startLink', { onDone: ({ location }) => window.location.assign(location) })
  return (
    <>
      <Button
        icon="plus"
        className={LONG_NAME}
        busy={start.isPending || start.isSuccess}
        onClick={() => start.mutate({ params: { provider: id } })}
      >
        {t('accounts.link', { name: label })}
      </Button>
      {start.error !== null && <Fault error={start.error} />}
    </>
  )
}
