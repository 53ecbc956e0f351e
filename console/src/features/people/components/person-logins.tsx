// Where a person is logged in at the console; an administrator ends all of it at once.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { readBrowserName } from '../../../lib/browser-name.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import { toast } from '../../../ui/toast.tsx'

type Login = RouteResponse<'listUserSessions'>['items'][number]

export function PersonLogins({ userId }: { readonly userId: string }) {
  const t = useText('people')
  const mayChange = useMe().role === 'admin'
  const query = useQuery(queryOf('listUserSessions', { params: { id: userId } }))
  const end = useChange('endUserSessions', { renews: ['people'], onDone: () => toast(t('logins.ended')) })
  const hasSome = (query.data?.items.length ?? 0) > 0
  return (
    <Section
      title={t('logins.title')}
      actions={
        mayChange &&
        hasSome && (
          <Button icon="logout" busy={end.isPending} onClick={() => end.mutate({ params: { id: userId } })}>
            {t('logins.endAll')}
          </Button>
        )
      }
    >
      {end.error !== null && <Fault error={end.error} />}
      <Loaded query={query} isEmpty={({ items }) => items.length === 0} empty={<Empty title={t('logins.none')} />}>
        {({ items }) => <LoginTable logins={items} />}
      </Loaded>
    </Section>
  )
}

function LoginTable({ logins }: { readonly logins: readonly Login[] }) {
  const t = useText('people')
  const tell = useText('common')
  const nameOf = ({ browser: userAgent }: Login): string => {
    const { browser, system } = readBrowserName(userAgent)
    return [browser, system].filter((word) => word !== null).join(', ') || t('logins.unknownBrowser')
  }
  return (
    <Table
      label={t('logins.title')}
      rows={logins}
      keyOf={({ id }) => id}
      columns={[
        { key: 'browser', head: t('logins.browser'), isName: true, cell: nameOf },
        { key: 'method', head: t('logins.method'), cell: ({ method }) => tell(`method.${method}`) },
        { key: 'since', head: t('logins.since'), cell: ({ createdAt }) => <Time at={createdAt} /> },
        { key: 'seen', head: t('logins.seen'), cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
      ]}
    />
  )
}
