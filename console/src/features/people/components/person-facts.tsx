// Since when a person is known, when they were last seen, and what is not usual about them.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Facts } from '../../../ui/facts.tsx'
import { Time } from '../../../ui/time.tsx'
import type { Person } from './person.ts'
import { PersonBadges } from './person-badges.tsx'

export function PersonFacts({ person }: { readonly person: Person }) {
  const t = useText('people')
  const { createdAt, lastSeenAt, deletedAt } = person
  return (
    <div className="flex flex-col gap-3">
      <PersonBadges person={person} />
      <Facts
        facts={[
          { label: t('person.created'), value: <Time at={createdAt} /> },
          { label: t('person.seen'), value: lastSeenAt === null ? t('list.neverSeen') : <Time at={lastSeenAt} /> },
          deletedAt === null ? null : { label: t('person.deleted'), value: <Time at={deletedAt} /> },
        ]}
      />
    </div>
  )
}
