// /admin/people/:id: one person: what they may do and since when, how they come in, their keys, what runs for them, their groups.
import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { isFault } from '../../../lib/api/fault.ts'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { LinkButton } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { Tabs } from '../../../ui/tabs.tsx'
import { PersonAccess } from '../components/person-access.tsx'
import { PersonFacts } from '../components/person-facts.tsx'
import { PersonGroups } from '../components/person-groups.tsx'
import { PersonKeys } from '../components/person-keys.tsx'
import { PersonSessions } from '../components/person-sessions.tsx'

export function Page() {
  const t = useText('people')
  const { id = '' } = useParams()
  const query = useQuery(queryOf('getUser', { params: { id } }))
  const isUnknown = isFault(query.error, 'not_found') || isFault(query.error, 'invalid_params')
  return (
    <Frame title={query.data?.username ?? t('person.title')}>
      {isUnknown ? (
        <Empty title={t('person.unknown')} action={<LinkButton to="/admin/people">{t('list.showAll')}</LinkButton>}>
          {t('person.unknownWhy')}
        </Empty>
      ) : (
        <Loaded query={query}>
          {(person) => (
            <>
              <PersonFacts person={person} />
              <Tabs
                label={t('person.parts')}
                tabs={[
                  { key: 'access', label: t('person.access'), content: () => <PersonAccess person={person} /> },
                  { key: 'keys', label: t('person.keys'), content: () => <PersonKeys person={person} /> },
                  { key: 'sessions', label: t('person.sessions'), content: () => <PersonSessions person={person} /> },
                  { key: 'groups', label: t('person.groups'), content: () => <PersonGroups person={person} /> },
                ]}
              />
            </>
          )}
        </Loaded>
      )}
    </Frame>
  )
}
