// /admin/servers/:name: one server of the catalogue, and how it does.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { TextLink } from '../../../ui/text-link.tsx'
import { groupsOf } from '../components/find-catalog.ts'
import { ManifestPage } from '../components/manifest-page.tsx'
import { OriginText } from '../components/origin-text.tsx'
import { StatusBadge, StatusReason, type ListedServer } from '../components/server-status.tsx'

export function Page() {
  return (
    <ManifestPage kind="McpServer" list="/admin/servers">
      {(name) => <ServerState name={name} />}
    </ManifestPage>
  )
}

function ServerState({ name }: { readonly name: string }) {
  const t = useText('catalog')
  const server = useQuery(queryOf('listAdminServers')).data?.items.find((one) => one.name === name)
  if (server === undefined) return null
  return (
    <div className="flex flex-col gap-2">
      <p className="flex flex-wrap items-center gap-3">
        <StatusBadge status={server.status} />
        <OriginText {...server} />
        <TextLink to={`/servers/${encodeURIComponent(name)}`}>{t('server.try')}</TextLink>
      </p>
      <StatusReason server={server} />
      <Users server={server} />
    </div>
  )
}

/** Who may use it, and the groups that make it so. */
function Users({ server: { name, access } }: { readonly server: ListedServer }) {
  const t = useText('catalog')
  const groups = groupsOf(name, useQuery(queryOf('listUserGroups')).data?.items ?? [])
  if (access === 'Everyone') return <p>{t('access.everyone')}</p>
  if (groups.length === 0) {
    return (
      <p>
        {t('access.noGroup')} <TextLink to="/admin/groups">{t('groups.title')}</TextLink>
      </p>
    )
  }
  return (
    <p className="flex flex-wrap gap-x-2">
      {t('access.given')}
      {groups.map((group) => (
        <TextLink key={group} to={`/admin/groups/${encodeURIComponent(group)}`}>
          {group}
        </TextLink>
      ))}
    </p>
  )
}
