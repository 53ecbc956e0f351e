// One server of the list: its name, its state and why, how many tools it brings.
import { Link } from 'react-router'
import { useText } from '../../../lib/i18n/use-text.ts'
import { nameOf, type Server } from './find-servers.ts'
import { StatusBadge, useStatusReason } from './server-status.tsx'

export function ServerRow({ server }: { readonly server: Server }) {
  const t = useText('servers')
  const reason = useStatusReason()(server)
  const { name, description, status, toolCount } = server
  return (
    <div className="relative flex flex-wrap items-start gap-x-4 gap-y-1 border-b border-line px-4 py-3 hover:bg-raised">
      <div className="flex min-w-0 flex-1 basis-64 flex-col">
        <Link
          to={`/servers/${encodeURIComponent(name)}`}
          className="font-semibold after:absolute after:inset-0 hover:underline"
        >
          <bdi>{nameOf(server)}</bdi>
        </Link>
        {description && <p className="line-clamp-2 text-muted">{description}</p>}
        {reason && <p className="text-small">{reason}</p>}
      </div>
      <div className="flex items-center gap-3">
        <span className="text-small text-muted tabular-nums">
          {toolCount === null ? t('tools.unknown') : t('tools', { count: toolCount })}
        </span>
        <StatusBadge status={status} />
      </div>
    </div>
  )
}
