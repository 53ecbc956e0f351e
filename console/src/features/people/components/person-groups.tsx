// Why a person may use what they may use: the groups they are in, and what the provider said of them, for as long as that holds.
import { Link } from 'react-router'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Empty } from '../../../ui/empty.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import type { Person } from './person.ts'

export function PersonGroups({ person }: { readonly person: Person }) {
  const t = useText('people')
  const { groups, claims } = person
  return (
    <div className="flex flex-col gap-8">
      <Section title={t('groups.title')} lead={t('groups.lead')}>
        {groups.length === 0 ? (
          <Empty title={t('groups.none')}>{t('groups.noneWhy')}</Empty>
        ) : (
          <ul className="flex flex-wrap gap-2">
            {groups.map((name) => (
              <li key={name}>
                <Link
                  to={`/admin/groups/${encodeURIComponent(name)}`}
                  className="inline-flex min-h-8 items-center rounded-md border border-edge px-3 hover:bg-raised"
                >
                  <bdi>{name}</bdi>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title={t('claims.title')} lead={t('claims.lead')}>
        {claims.length === 0 ? (
          <Empty title={t('claims.none')}>{t('claims.noneWhy')}</Empty>
        ) : (
          <Table
            label={t('claims.title')}
            rows={claims}
            keyOf={({ name, value }) => `${name}=${value}`}
            columns={[
              { key: 'name', head: t('claims.name'), isName: true, cell: ({ name }) => name },
              { key: 'value', head: t('claims.value'), cell: ({ value }) => <bdi>{value}</bdi> },
              { key: 'until', head: t('claims.until'), cell: ({ expiresAt }) => <Time at={expiresAt} /> },
            ]}
          />
        )}
      </Section>
    </div>
  )
}
