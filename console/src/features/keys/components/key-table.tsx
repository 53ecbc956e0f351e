// Keys as a table, as cards on a phone: names and scopes are people's own words, so they are shown as text of their own direction.
import type { RouteResponse } from '@mcphub/api'
import { useHubClock } from '../../../lib/hub-clock.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button, LinkButton } from '../../../ui/button.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'

export type Key = RouteResponse<'listKeys'>['items'][number]

interface KeyTableProps {
  readonly keys: readonly Key[]
  readonly onRevoke: (key: Key) => void
}

export function KeyTable({ keys, onRevoke }: KeyTableProps) {
  const t = useText('keys')
  const columns: readonly Column<Key>[] = [
    { key: 'name', head: t('name'), isName: true, cell: ({ name }) => <bdi>{name}</bdi> },
    { key: 'key', head: t('key'), cell: ({ preview }) => <code>{preview}</code> },
    { key: 'scope', head: t('scope'), cell: ({ scope }) => <Scope scope={scope} /> },
    { key: 'lastUsed', head: t('lastUsed'), cell: ({ lastUsedAt }) => <LastUse at={lastUsedAt} /> },
    { key: 'expires', head: t('expires'), cell: ({ expiresAt }) => <Expiry at={expiresAt} /> },
    { key: 'acts', head: t('acts'), cell: (item) => <Acts item={item} onRevoke={onRevoke} /> },
  ]
  return <Table label={t('title')} columns={columns} rows={keys} keyOf={({ id }) => id} />
}

function Scope({ scope: { servers, group } }: { readonly scope: Key['scope'] }) {
  const t = useText('keys')
  const format = useFormat()
  if (group?.name === null) return <Badge tone="warn">{t('groupGone')}</Badge>
  if (group !== null) return <bdi>{t('group', { name: group.name })}</bdi>
  return <bdi>{servers === null ? t('all') : format.list(servers)}</bdi>
}

function LastUse({ at }: { readonly at: string | null }) {
  const t = useText('keys')
  const clock = useHubClock()
  if (at === null) return t('unused')
  return <Time at={clock.here(at)} />
}

const SOON_MS = 7 * 24 * 60 * 60 * 1000

/** As a day: nobody counts "in 89 days". */
function Expiry({ at }: { readonly at: string | null }) {
  const t = useText('keys')
  const format = useFormat()
  const clock = useHubClock()
  if (at === null) return t('never')
  const moment = clock.here(at)
  return (
    <span className="inline-flex flex-wrap items-center gap-2">
      <time dateTime={at} title={format.time(moment)} className="whitespace-nowrap">
        {format.date(moment)}
      </time>
      {Date.parse(at) - clock.told < SOON_MS && <Badge tone="warn">{t('soon')}</Badge>}
    </span>
  )
}

interface ActsProps {
  readonly item: Key
  readonly onRevoke: (key: Key) => void
}

function Acts({ item, onRevoke }: ActsProps) {
  const t = useText('keys')
  const { id, name } = item
  return (
    <span className="flex flex-wrap gap-2 max-md:justify-end">
      <LinkButton to={`/connect?${new URLSearchParams({ id })}`} kind="quiet" aria-label={t('checkOf', { name })}>
        {t('check')}
      </LinkButton>
      <Button kind="danger" aria-label={t('revokeOf', { name })} onClick={() => onRevoke(item)}>
        {t('revoke')}
      </Button>
    </span>
  )
}
