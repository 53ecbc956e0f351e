// What a person may do and how they come in. What cannot be changed says why before anybody tries.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Notice } from '../../../ui/notice.tsx'
import { barOf, stateOf, type Person } from './person.ts'
import { PersonDeletion } from './person-deletion.tsx'
import { PersonLogin } from './person-login.tsx'
import { PersonRole } from './person-role.tsx'
import { PersonSwitch } from './person-switch.tsx'

const ADMINS = { role: 'admin', state: 'active', limit: 1 } as const

export function PersonAccess({ person }: { readonly person: Person }) {
  const t = useText('people')
  const me = useMe()
  const admins = useQuery(queryOf('listUsers', { query: ADMINS }))
  const activeAdmins = admins.data?.total ?? null
  const bar = barOf(person, { by: me.id, activeAdmins })
  const mayChange = me.role === 'admin'
  const isDeleted = stateOf(person) === 'deleted'
  return (
    <div className="flex flex-col gap-8">
      {mayChange && bar !== null && <Notice>{t(`bar.${bar}`)}</Notice>}
      {!isDeleted && (
        <>
          <PersonRole {...{ person, activeAdmins }} mayChange={mayChange && bar === null} />
          <PersonLogin person={person} mayChange={mayChange} />
          {mayChange && <PersonSwitch person={person} isBarred={bar !== null} />}
        </>
      )}
      {mayChange && <PersonDeletion person={person} isBarred={bar !== null} />}
    </div>
  )
}
