// What a person has open: consoles they are logged in at, editors that are connected, servers that run for them.
import { useText } from '../../../lib/i18n/use-text.ts'
import type { Person } from './person.ts'
import { PersonEditors } from './person-editors.tsx'
import { PersonLogins } from './person-logins.tsx'
import { PersonSandboxes } from './person-sandboxes.tsx'

export function PersonSessions({ person }: { readonly person: Person }) {
  const t = useText('people')
  return (
    <div className="flex flex-col gap-8">
      <p className="max-w-prose text-muted">{t('sessions.lead')}</p>
      <PersonLogins userId={person.id} />
      <PersonEditors person={person} />
      <PersonSandboxes userId={person.id} />
    </div>
  )
}
