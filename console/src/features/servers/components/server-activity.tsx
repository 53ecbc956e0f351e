// What I called of a server lately, with the id to hand on when something was wrong.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge } from '../../../ui/badge.tsx'
import { CopyButton } from '../../../ui/copy.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { Time } from '../../../ui/time.tsx'

type Call = RouteResponse<'listActivity'>['items'][number]

const SHOWN = 20
const TONES = { ok: 'good', error: 'bad', refused: 'warn', canceled: 'calm' } as const

export function ServerActivity({ server }: { readonly server: string }) {
  const t = useText('servers')
  const columns = useColumns()
  const query = useQuery(queryOf('listActivity', { query: { server, kind: 'mcp', limit: SHOWN } }))
  const nothing = <Empty title={t('calls.none')}>{t('calls.noneWhy')}</Empty>
  return (
    <Loaded query={query} isEmpty={({ items }) => items.length === 0} empty={nothing}>
      {({ items }) => (
        <div className="flex flex-col gap-3">
          <Table label={t('detail.calls')} columns={columns} rows={items} keyOf={({ id }) => id} />
          <p>
            <TextLink to={`/activity?${new URLSearchParams({ tab: 'calls', server })}`}>{t('calls.all')}</TextLink>
          </p>
        </div>
      )}
    </Loaded>
  )
}

function useColumns(): readonly Column<Call>[] {
  const t = useText('servers')
  return [
    { key: 'what', head: t('calls.what'), isName: true, cell: ({ action, target }) => <bdi>{target ?? action}</bdi> },
    {
      key: 'when',
      head: t('calls.when'),
      cell: ({ at }) => <Time at={at} />,
    },
    {
      key: 'how',
      head: t('calls.how'),
      cell: ({ outcome, code }) => (
        <span className="flex flex-wrap items-center gap-2">
          <Badge tone={TONES[outcome]}>{t(`outcome.${outcome}`)}</Badge>
          {code !== null && <code className="text-small">{code}</code>}
        </span>
      ),
    },
    {
      key: 'took',
      head: t('calls.took'),
      isNumber: true,
      cell: ({ durationMs }) => t('calls.ms', { ms: Math.round(durationMs) }),
    },
    {
      key: 'request',
      head: t('calls.request'),
      cell: ({ requestId }) => <CopyButton text={requestId} label={t('calls.copy', { id: requestId })} />,
    },
  ]
}
