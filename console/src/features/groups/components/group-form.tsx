// Makes a group, or changes its name, its note and what is in it.
import { useQuery } from '@tanstack/react-query'
import { useId, useState, type FormEvent } from 'react'
import { isFault } from '../../../lib/api/fault.ts'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { CheckList } from '../../../ui/check-list.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Fault, useFieldFault } from '../../../ui/fault.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { toast } from '../../../ui/toast.tsx'
import { listChoices, sumTools } from './list-choices.ts'
import type { Group } from './use-group-switch.ts'

interface GroupFormProps {
  /** null: a new one */
  readonly group: Group | null
  /** there is none yet */
  readonly isFirst: boolean
  readonly onClose: () => void
}

const NAME_LENGTH = 64
const GROUP_PATH = '/mcp/group/'
const NOTE_LENGTH = 1024

export function GroupForm({ group, isFirst, onClose }: GroupFormProps) {
  const t = useText('groups')
  const tCommon = useText('common')
  const id = useId()
  const [fields, setFields] = useState<Fields>(() => fieldsOf(group))
  const { save, isPending, error } = useSaving(group, onClose)
  const fault = useNameFault()(error)
  const isNamed = fields.name.trim() !== ''
  const send = (event: FormEvent): void => {
    event.preventDefault()
    if (isNamed) save(fields)
  }
  return (
    <Dialog
      title={group === null ? t('new') : t('edit', { name: group.name })}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{tCommon('cancel')}</Button>
          <Button type="submit" form={id} kind="primary" busy={isPending} disabled={!isNamed}>
            {t('form.save')}
          </Button>
        </>
      }
    >
      <form id={id} noValidate onSubmit={send} className="flex flex-col gap-4">
        {isFirst && <Notice tone="calm">{t('form.first')}</Notice>}
        <GroupFields fields={fields} fault={fault} onChange={setFields} />
        {error !== null && fault === null && <Fault error={error} />}
      </form>
    </Dialog>
  )
}

interface Fields {
  readonly name: string
  readonly description: string
  readonly servers: readonly string[]
}

const fieldsOf = (group: Group | null): Fields => ({
  name: group?.name ?? '',
  description: group?.description ?? '',
  servers: group?.servers ?? [],
})

interface GroupFieldsProps {
  readonly fields: Fields
  /** against the name */
  readonly fault: string | null
  readonly onChange: (fields: Fields) => void
}

function GroupFields({ fields, fault, onChange }: GroupFieldsProps) {
  const t = useText('groups')
  const set = (change: Partial<Fields>): void => onChange({ ...fields, ...change })
  return (
    <>
      <TextField
        label={t('form.name')}
        help={t('form.nameHelp', { path: GROUP_PATH })}
        value={fields.name}
        onChange={(name) => set({ name })}
        fault={fault}
        maxLength={NAME_LENGTH}
        autoComplete="off"
      />
      <TextField
        label={t('form.description')}
        note={t('form.optional')}
        value={fields.description}
        onChange={(description) => set({ description })}
        maxLength={NOTE_LENGTH}
        autoComplete="off"
      />
      <ServerChoice chosen={fields.servers} onChange={(servers) => set({ servers })} />
    </>
  )
}

interface ServerChoiceProps {
  readonly chosen: readonly string[]
  readonly onChange: (chosen: readonly string[]) => void
}

function ServerChoice({ chosen, onChange }: ServerChoiceProps) {
  const t = useText('groups')
  const query = useQuery(queryOf('listServers'))
  return (
    <Loaded query={query}>
      {({ items }) => (
        <CheckList
          label={t('form.servers')}
          help={t('form.sum', { count: sumTools(items, chosen) })}
          options={listChoices(items, chosen).map(({ server, name, toolCount }) => ({
            value: name,
            label: server?.displayName ?? name,
            help: toolCount === null ? t('toolsUnknown') : t('tools', { count: toolCount }),
          }))}
          chosen={chosen}
          onChange={onChange}
        />
      )}
    </Loaded>
  )
}

function useSaving(group: Group | null, onClose: () => void) {
  const t = useText('groups')
  const renews = ['groups', 'tools', 'servers', 'keys'] as const
  const onDone = (): void => {
    toast(t('saved'))
    onClose()
  }
  const create = useChange('createGroup', { renews, onDone })
  const update = useChange('updateGroup', { renews, onDone })
  const save = ({ name, description, servers }: Fields): void => {
    const body = { name, servers: [...servers], ...(description.trim() !== '' && { description }) }
    if (group === null) create.mutate({ body })
    else update.mutate({ params: { id: group.id }, body })
  }
  return { save, isPending: create.isPending || update.isPending, error: create.error ?? update.error }
}

/** What stands against the name; null: nothing. */
function useNameFault(): (error: unknown) => string | null {
  const t = useText('groups')
  const faultOf = useFieldFault()
  return (error) => (isFault(error, 'conflict') ? t('form.taken') : faultOf(error, 'name', t('form.badName')))
}
