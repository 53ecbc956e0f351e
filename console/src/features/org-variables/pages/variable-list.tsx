// /admin/variables: values that servers get of the organisation, for everybody who uses them. Set, replaced, removed; never shown again.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { SetVariable } from '../components/set-variable.tsx'
import { VariableTable } from '../components/variable-table.tsx'

export function Page() {
  const t = useText('org-variables')
  const isAdmin = useMe().role === 'admin'
  const [isAdding, setAdding] = useState(false)
  return (
    <Frame
      title={t('title')}
      lead={t('lead')}
      actions={
        isAdmin && (
          <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
            {t('add')}
          </Button>
        )
      }
    >
      {isAdmin ? <Variables /> : <Notice tone="calm">{t('adminsOnly')}</Notice>}
      {isAdding && <SetVariable name={null} isSet={false} onClose={() => setAdding(false)} />}
    </Frame>
  )
}

function Variables() {
  const t = useText('org-variables')
  const query = useQuery(queryOf('listOrgVariables'))
  return (
    <Loaded
      query={query}
      isEmpty={({ items, missing }) => items.length + missing.length === 0}
      empty={<Empty title={t('none')}>{t('noneWhy')}</Empty>}
    >
      {({ items, missing }) => (
        <>
          {missing.length > 0 && <Notice>{t('missing', { count: missing.length })}</Notice>}
          <VariableTable set={items} missing={missing} />
        </>
      )}
    </Loaded>
  )
}
