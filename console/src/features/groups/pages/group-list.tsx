// /groups: my own sets of servers, which of them are on, and how many tools my editor gets of it.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { GroupCard } from '../components/group-card.tsx'
import { GroupForm } from '../components/group-form.tsx'
import { ToolCount } from '../components/tool-count.tsx'
import type { Group } from '../components/use-group-switch.ts'

export function Page() {
  const t = useText('groups')
  const query = useQuery(queryOf('listGroups'))
  const [edited, setEdited] = useState<Group | 'new' | null>(null)
  const hasGroups = (query.data?.items.length ?? 0) > 0
  const make = (
    <Button kind="primary" icon="plus" onClick={() => setEdited('new')}>
      {t('new')}
    </Button>
  )
  return (
    <Frame title={t('title')} lead={t('lead')} actions={hasGroups && make}>
      <Loaded query={query}>
        {({ items, visible }) => (
          <>
            <ToolCount groups={items} visible={visible} />
            {items.length === 0 ? (
              <Empty title={t('empty.title')} action={make}>
                {t('empty.why')}
              </Empty>
            ) : (
              <ul aria-label={t('title')} className="flex flex-col gap-3">
                {items.map((group) => (
                  <li key={group.id}>
                    <GroupCard group={group} onEdit={() => setEdited(group)} />
                  </li>
                ))}
              </ul>
            )}
          </>
        )}
      </Loaded>
      {edited !== null && (
        <GroupForm group={edited === 'new' ? null : edited} isFirst={!hasGroups} onClose={() => setEdited(null)} />
      )}
    </Frame>
  )
}
