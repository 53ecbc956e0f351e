// Where I am logged in: by which browser, how I came in, since when; any of it can be ended from here.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { readBrowserName } from '../../../lib/browser-name.ts'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import { toast } from '../../../ui/toast.tsx'

type LoginSession = RouteResponse<'listConsoleSessions'>['items'][number]

export function LoginSessions() {
  const t = useText('account')
  const query = useQuery(queryOf('listConsoleSessions'))
  const endAll = useChange('endConsoleSessions', { renews: ['me'], onDone: () => toast(t('sessions.allEnded')) })
  const others = query.data?.items.filter(({ current }) => !current) ?? []
  return (
    <Section
      title={t('sessions.title')}
      lead={t('sessions.lead')}
      actions={
        others.length > 0 && (
          <Button icon="logout" busy={endAll.isPending} onClick={() => endAll.mutate({})}>
            {t('sessions.endOthers')}
          </Button>
        )
      }
    >
      {endAll.error !== null && <Fault error={endAll.error} />}
      <Loaded query={query}>{({ items }) => <SessionTable sessions={items} />}</Loaded>
    </Section>
  )
}

function SessionTable({ sessions }: { readonly sessions: readonly LoginSession[] }) {
  const t = useText('account')
  const tell = useText('common')
  return (
    <Table
      label={t('sessions.title')}
      rows={sessions}
      keyOf={({ id }) => id}
      columns={[
        { key: 'browser', head: t('sessions.browser'), isName: true, cell: (one) => <Browser session={one} /> },
        { key: 'method', head: t('sessions.method'), cell: ({ method }) => tell(`method.${method}`) },
        { key: 'since', head: t('sessions.since'), cell: ({ createdAt }) => <Time at={createdAt} /> },
        { key: 'seen', head: t('sessions.seen'), cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
        { key: 'until', head: t('sessions.until'), cell: ({ expiresAt }) => <Time at={expiresAt} /> },
        { key: 'end', head: t('acts'), cell: (one) => <EndSession session={one} /> },
      ]}
    />
  )
}

function Browser({ session }: { readonly session: LoginSession }) {
  const t = useText('account')
  const { browser, system } = readBrowserName(session.browser)
  const words = [browser, system].filter((word) => word !== null)
  return <span title={session.browser ?? ''}>{words.length > 0 ? words.join(', ') : t('sessions.unknownBrowser')}</span>
}

function EndSession({ session: { id, current, browser } }: { readonly session: LoginSession }) {
  const t = useText('account')
  const end = useChange('endConsoleSession', { renews: ['me'], onDone: () => toast(t('sessions.ended')) })
  if (current) return <Badge tone="good">{t('sessions.current')}</Badge>
  const name = readBrowserName(browser).browser ?? t('sessions.unknownBrowser')
  return (
    <>
      <Button
        busy={end.isPending}
        aria-label={t('sessions.endNamed', { name })}
        onClick={() => end.mutate({ params: { id } })}
      >
        {t('sessions.end')}
      </Button>
      {end.error !== null && <Fault error={end.error} />}
    </>
  )
}
