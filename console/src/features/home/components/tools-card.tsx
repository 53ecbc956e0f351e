// How many tools my editor gets, and whether they are too many.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Card, CardQuery } from './card.tsx'

export function ToolsCard() {
  const t = useText('home')
  const format = useFormat()
  const query = useQuery(queryOf('listGroups'))
  return (
    <CardQuery query={query}>
      {({ items, visible: { tools, warning } }) => {
        const isOff = items.length > 0 && !items.some(({ active }) => active)
        const isNarrowed = items.length > 0
        return (
          <Card
            icon="group"
            title={t('tools.title')}
            tone={isOff || warning !== null ? 'warn' : 'good'}
            state={format.number(tools)}
            to="/groups"
            action={t('tools.groups')}
            isUrgent={isOff}
          >
            {isOff && <p>{t('tools.off')}</p>}
            {!isOff && <p>{isNarrowed ? t('tools.narrowed', { count: tools }) : t('tools.all', { count: tools })}</p>}
            {warning !== null && <p>{t('tools.many', { count: warning })}</p>}
          </Card>
        )
      }}
    </CardQuery>
  )
}
