// What waits for who administers: tools that changed, and people who have not begun yet.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Card, CardQuery } from './card.tsx'

/** one answer's worth; beyond it the number is a lower bound */
const CHANGES = 50
const PEOPLE = 200
/** whom the hub made itself, for trying */
const DEMO = 'demo'

export function ToolChangesCard() {
  const t = useText('home')
  const held = useQuery(queryOf('listToolChanges', { query: { state: 'held', limit: CHANGES } }))
  const flagged = useQuery(queryOf('listToolChanges', { query: { state: 'flagged', limit: CHANGES } }))
  return (
    <CardQuery query={held}>
      {(kept) => (
        <CardQuery query={flagged}>
          {(seen) => {
            const [back, changed] = [kept.items.length, seen.items.length]
            const isQuiet = back + changed === 0
            return (
              <Card
                icon="tools"
                title={t('changes.title')}
                tone={isQuiet ? 'good' : 'warn'}
                state={isQuiet ? t('changes.none') : t('changes.some')}
                to="/admin/tools"
                action={t('changes.see')}
                isUrgent={back > 0}
              >
                {back > 0 && <p>{t('changes.held', { count: back })}</p>}
                {changed > 0 && <p>{t('changes.flagged', { count: changed })}</p>}
                {isQuiet && <p>{t('changes.noneWhy')}</p>}
              </Card>
            )
          }}
        </CardQuery>
      )}
    </CardQuery>
  )
}

export function PeopleCard() {
  const t = useText('home')
  const { id: me } = useMe()
  const query = useQuery(queryOf('listUsers', { query: { state: 'active', limit: PEOPLE } }))
  return (
    <CardQuery query={query}>
      {({ items, nextCursor, total }) => {
        const count = items.filter(
          ({ id, username, lastSeenAt }) => lastSeenAt === null && id !== me && username !== DEMO,
        ).length
        const isSome = count > 0
        return (
          <Card
            icon="people"
            title={t('people.title')}
            tone={isSome ? 'warn' : 'good'}
            state={isSome ? t('people.some') : t('people.none')}
            to="/admin/people"
            action={t('people.see')}
          >
            {isSome && <p>{nextCursor === null ? t('people.unused', { count }) : t('people.atLeast', { count })}</p>}
            <p className="text-muted">{t('people.total', { count: total })}</p>
          </Card>
        )
      }}
    </CardQuery>
  )
}
