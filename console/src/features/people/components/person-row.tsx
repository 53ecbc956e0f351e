// One person of the list: name, what is not usual about them, when a key of theirs was last used.
import type { RouteResponse } from '@mcphub/api'
import { Link } from 'react-router'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Time } from '../../../ui/time.tsx'
import { PersonBadges } from './person-badges.tsx'

type ListedPerson = RouteResponse<'listUsers'>['items'][number]

export function PersonRow({ person }: { readonly person: ListedPerson }) {
  const t = useText('people')
  const { id, username, lastSeenAt } = person
  return (
    <div className="relative flex min-h-12 flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-4 py-2 hover:bg-raised">
      <div className="min-w-0 flex-1 basis-48">
        <Link to={`/admin/people/${id}`} className="font-semibold after:absolute after:inset-0 hover:underline">
          <bdi>{username}</bdi>
        </Link>
      </div>
      <PersonBadges person={person} />
      <span className="text-small text-muted max-md:basis-full md:w-52 md:text-right">
        {lastSeenAt === null ? (
          t('list.neverSeen')
        ) : (
          <>
            {t('list.lastCall')} <Time at={lastSeenAt} />
          </>
        )}
      </span>
    </div>
  )
}
