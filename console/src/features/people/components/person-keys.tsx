// A person's keys: what each is called, when it was last used; made for them here, and taken away.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Section } from '../../../ui/page.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { Time } from '../../../ui/time.tsx'
import { toast } from '../../../ui/toast.tsx'
import { MakeKey } from './make-key.tsx'
import { stateOf, type Person } from './person.ts'

type Key = RouteResponse<'listUserKeys'>['items'][number]

export function PersonKeys({ person }: { readonly person: Person }) {
  const t = useText('people')
  const mayChange = useMe().role === 'admin'
  const [isMaking, setMaking] = useState(false)
  const query = useQuery(queryOf('listUserKeys', { params: { id: person.id } }))
  const isActive = stateOf(person) === 'active'
  return (
    <Section
      title={t('keys.title')}
      lead={t('keys.lead')}
      actions={
        mayChange && (
          <Button icon="plus" disabled={!isActive} onClick={() => setMaking(true)}>
            {t('keys.make')}
          </Button>
        )
      }
    >
      <Loaded query={query} isEmpty={({ items }) => items.length === 0} empty={<Empty title={t('keys.none')} />}>
        {({ items }) => <KeyTable keys={items} person={person} mayChange={mayChange} />}
      </Loaded>
      {isMaking && <MakeKey person={person} onClose={() => setMaking(false)} />}
    </Section>
  )
}

interface KeyTableProps {
  readonly keys: readonly Key[]
  readonly person: Person
  readonly mayChange: boolean
}

function KeyTable({ keys, person, mayChange }: KeyTableProps) {
  const t = useText('people')
  const columns: readonly Column<Key>[] = [
    { key: 'name', head: t('keys.name'), isName: true, cell: ({ name }) => <bdi>{name}</bdi> },
    { key: 'preview', head: t('keys.key'), cell: ({ preview }) => <code>{preview}</code> },
    { key: 'scope', head: t('keys.scope'), cell: ({ scope }) => <Scope scope={scope} /> },
    { key: 'used', head: t('keys.used'), cell: ({ lastUsedAt }) => <Moment at={lastUsedAt} none={t('keys.never')} /> },
    {
      key: 'until',
      head: t('keys.until'),
      cell: ({ expiresAt }) => <Moment at={expiresAt} none={t('keys.forEver')} />,
    },
  ]
  const acts: Column<Key> = {
    ...{ key: 'revoke', head: t('acts') },
    cell: (key) => <RevokeKey userId={person.id} keyId={key.id} name={key.name} />,
  }
  return (
    <Table
      label={t('keys.title')}
      rows={keys}
      keyOf={({ id }) => id}
      columns={mayChange ? [...columns, acts] : columns}
    />
  )
}

function Scope({ scope: { servers, group } }: Pick<Key, 'scope'>) {
  const t = useText('people')
  if (group !== null) return group.name === null ? t('keys.groupGone') : t('keys.group', { name: group.name })
  return servers?.join(', ') ?? t('keys.all')
}

const Moment = ({ at, none }: { readonly at: string | null; readonly none: string }) =>
  at === null ? <span className="text-muted">{none}</span> : <Time at={at} />

interface RevokeKeyProps {
  readonly userId: string
  readonly keyId: string
  readonly name: string
}

function RevokeKey({ userId, keyId, name }: RevokeKeyProps) {
  const t = useText('people')
  const [isAsked, setAsked] = useState(false)
  const revoke = useChange('revokeUserKey', {
    renews: ['keys', 'people', 'sessions'],
    onDone: () => toast(t('keys.revoked')),
  })
  return (
    <>
      <Button
        kind="danger"
        busy={revoke.isPending}
        aria-label={t('keys.revokeNamed', { name })}
        onClick={() => setAsked(true)}
      >
        {t('keys.revoke')}
      </Button>
      {revoke.error !== null && <Fault error={revoke.error} />}
      {isAsked && (
        <ConfirmDialog
          title={t('keys.revokeNamed', { name })}
          action={t('keys.revoke')}
          onClose={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false)
            revoke.mutate({ params: { id: userId, keyId } })
          }}
        >
          {t('keys.revokeWhy')}
        </ConfirmDialog>
      )}
    </>
  )
}
