// What is not usual about a person, in one word each: their role where it is more than a member's, their state where they cannot log in.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge } from '../../../ui/badge.tsx'
import { stateOf, type Person } from './person.ts'

export function PersonBadges({ person }: { readonly person: Pick<Person, 'role' | 'active' | 'deletedAt'> }) {
  const t = useText('people')
  const tell = useText('common')
  const state = stateOf(person)
  if (person.role === 'member' && state === 'active') return null
  return (
    <span className="flex flex-wrap gap-2">
      {person.role !== 'member' && (
        <Badge tone="calm" icon={person.role === 'admin' ? 'key' : 'audit'}>
          {tell(`role.${person.role}`)}
        </Badge>
      )}
      {state !== 'active' && <Badge tone={state === 'deleted' ? 'bad' : 'calm'}>{t(`state.${state}`)}</Badge>}
    </span>
  )
}
