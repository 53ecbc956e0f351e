// One server or UserGroup of the catalogue's lists: its name, what is to be known of it, where it is declared.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { OriginText } from './origin-text.tsx'
import type { ListedGroup } from './find-catalog.ts'

interface CatalogRowProps extends Pick<ListedGroup, 'name' | 'displayName' | 'description' | 'origin' | 'managedBy'> {
  readonly to: string
  /** what is told besides, in words */
  readonly facts: ReactNode
  readonly badges: ReactNode
}

export function CatalogRow({ to, name, displayName, description, origin, managedBy, facts, badges }: CatalogRowProps) {
  return (
    <div className="relative flex flex-wrap items-start gap-x-4 gap-y-1 border-b border-line px-4 py-3 hover:bg-raised">
      <div className="flex min-w-0 flex-1 basis-64 flex-col">
        <Link to={to} className="font-semibold after:absolute after:inset-0 hover:underline">
          <bdi>{displayName ?? name}</bdi>
          {displayName !== null && displayName !== name && (
            <span className="font-normal text-muted">
              {' '}
              <bdi>({name})</bdi>
            </span>
          )}
        </Link>
        {description && <p className="line-clamp-2 text-muted">{description}</p>}
        <OriginText origin={origin} managedBy={managedBy} />
      </div>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-small">
        {facts}
        {badges}
      </div>
    </div>
  )
}
