// The tools of a server, with a search; each leads to where it can be tried.
import { useDeferredValue, useState } from 'react'
import { Link } from 'react-router'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { SearchBox } from '../../../ui/search.tsx'
import { VirtualList } from '../../../ui/virtual-list.tsx'
import type { ServerDetail } from './server-state.tsx'
import { WhyNot } from './why-not.tsx'

type Tool = ServerDetail['tools'][number]

export function ServerTools({ server }: { readonly server: ServerDetail }) {
  const t = useText('servers')
  const [search, setSearch] = useState('')
  const words = useDeferredValue(search).toLowerCase().split(/\s+/).filter(Boolean)
  const found = server.tools.filter((tool) => words.every((word) => textOf(tool).includes(word)))
  return (
    <div className="flex flex-col gap-4">
      {server.tools.length === 0 ? (
        <Empty title={t('toolList.empty')}>
          {server.status === 'Failed' ? t('toolList.brokenWhy') : t('toolList.emptyWhy')}
        </Empty>
      ) : (
        <>
          <SearchBox label={t('toolList.search')} value={search} onChange={setSearch} />
          <p role="status" className="text-small text-muted">
            {t('tools', { count: found.length })}
          </p>
          {found.length > 0 && (
            <div className="rounded-md border border-line bg-surface">
              <VirtualList label={t('detail.tools')} items={found} keyOf={({ name }) => name} rowHeight={64}>
                {(tool) => <ToolRow server={server.name} tool={tool} />}
              </VirtualList>
            </div>
          )}
        </>
      )}
      <WhyNot />
    </div>
  )
}

const textOf = ({ name, title, description, exposedName }: Tool): string =>
  `${name} ${exposedName} ${title ?? ''} ${description ?? ''}`.toLowerCase()

function ToolRow({ server, tool }: { readonly server: string; readonly tool: Tool }) {
  const t = useText('servers')
  const { name, title, description, state } = tool
  return (
    <div className="relative flex flex-wrap items-start gap-x-4 border-b border-line px-4 py-3 hover:bg-raised">
      <div className="flex min-w-0 flex-1 basis-64 flex-col">
        <Link
          to={`/servers/${encodeURIComponent(server)}/tools/${encodeURIComponent(name)}`}
          className="font-semibold break-words after:absolute after:inset-0 hover:underline"
        >
          <bdi>{title ?? name}</bdi>
        </Link>
        {description && <p className="line-clamp-2 text-muted">{description}</p>}
      </div>
      {state !== 'ok' && <Badge tone="warn">{state === 'held' ? t('toolList.held') : t('toolList.flagged')}</Badge>}
    </div>
  )
}
