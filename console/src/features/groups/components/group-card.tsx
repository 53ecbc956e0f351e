// One group: on or off, what is in it, how many tools it brings, and the ways to change or remove it.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { IconButton } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Switch } from '../../../ui/switch.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { toast } from '../../../ui/toast.tsx'
import { type Group, useGroupSwitch } from './use-group-switch.ts'

interface GroupCardProps {
  readonly group: Group
  readonly onEdit: () => void
}

export function GroupCard({ group, onEdit }: GroupCardProps) {
  const t = useText('groups')
  const { id, name, description, active, toolCount, servers } = group
  const turn = useGroupSwitch()
  const [isLeaving, setLeaving] = useState(false)
  const remove = useChange('deleteGroup', {
    renews: ['groups', 'tools', 'servers', 'keys'],
    onDone: () => toast(t('removed')),
  })
  const error = turn.error ?? remove.error
  return (
    <div className="flex flex-col gap-3 rounded-md border border-line bg-surface p-4">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <Switch
          label={name}
          {...(description !== null && { help: description })}
          isOn={active}
          onChange={(isOn) => turn.mutate({ id, active: isOn })}
        />
        <div className="flex items-center gap-1">
          <span className="mr-2 text-small text-muted tabular-nums">{t('tools', { count: toolCount })}</span>
          <IconButton icon="edit" label={t('edit', { name })} onClick={onEdit} />
          <IconButton icon="trash" label={t('remove', { name })} onClick={() => setLeaving(true)} />
        </div>
      </div>
      <GroupServers name={name} servers={servers} />
      {error !== null && <Fault error={error} />}
      {isLeaving && (
        <ConfirmDialog
          title={t('removeTitle', { name })}
          action={t('removeAct')}
          busy={remove.isPending}
          onClose={() => setLeaving(false)}
          onConfirm={() => {
            setLeaving(false)
            remove.mutate({ params: { id } })
          }}
        >
          {t('removeWhy')}
        </ConfirmDialog>
      )}
    </div>
  )
}

function GroupServers({ name, servers }: Pick<Group, 'name' | 'servers'>) {
  const t = useText('groups')
  const known = useQuery(queryOf('listServers')).data?.items
  if (servers.length === 0) return <p className="text-muted">{t('noServers')}</p>
  return (
    <ul aria-label={t('servers', { name })} className="flex flex-wrap gap-x-4 gap-y-1">
      {servers.map((server) => {
        const found = known?.find((one) => one.name === server)
        return (
          <li key={server} className="flex items-baseline gap-1">
            {known === undefined || found !== undefined ? (
              <TextLink to={`/servers/${encodeURIComponent(server)}`}>
                <bdi>{found?.displayName ?? server}</bdi>
              </TextLink>
            ) : (
              <span className="text-muted">{t('unknownServer', { name: server })}</span>
            )}
          </li>
        )
      })}
    </ul>
  )
}
