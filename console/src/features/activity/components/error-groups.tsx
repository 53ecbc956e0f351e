// What went wrong in the last days, the same with the same, each with request ids to hand on.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import { RequestId } from './request-id.tsx'
import { ServerLink } from './server-link.tsx'
import { useCodeText } from './use-code-text.ts'

type ErrorGroup = RouteResponse<'listErrors'>['items'][number]

export function ErrorGroups() {
  const t = useText('activity')
  const query = useQuery(queryOf('listErrors'))
  const columns = useColumns()
  return (
    <Section title={t('faults.title')} lead={t('faults.lead')}>
      <Loaded
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={<Empty title={t('faults.none')}>{t('faults.noneWhy')}</Empty>}
      >
        {({ items }) => (
          <Table
            label={t('faults.title')}
            columns={columns}
            rows={items}
            keyOf={({ code, server }) => `${code} ${server ?? ''}`}
          />
        )}
      </Loaded>
    </Section>
  )
}

function useColumns(): readonly Column<ErrorGroup>[] {
  const t = useText('activity')
  const format = useFormat()
  const tellCode = useCodeText()
  return [
    {
      key: 'what',
      head: t('faults.what'),
      isName: true,
      cell: ({ code }) => (
        <span className="flex max-w-prose flex-col">
          <span>{tellCode(code)}</span>
          <code className="text-small font-normal text-muted">{code}</code>
        </span>
      ),
    },
    { key: 'server', head: t('server'), cell: ({ server }) => <ServerLink name={server} /> },
    { key: 'count', head: t('faults.count'), isNumber: true, cell: ({ count }) => format.number(count) },
    { key: 'last', head: t('faults.last'), cell: ({ lastAt }) => <Time at={lastAt} /> },
    {
      key: 'requests',
      head: t('faults.requests'),
      cell: ({ requestIds }) => (
        <span className="flex flex-col items-start max-md:items-end">
          {requestIds.map((id) => (
            <RequestId key={id} id={id} />
          ))}
        </span>
      ),
    },
  ]
}
