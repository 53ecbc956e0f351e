// Who set which field of a resource in the cluster, as the API server keeps it: what another manager owns is not changed here.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Empty } from '../../../ui/empty.tsx'
import { Table } from '../../../ui/table.tsx'
import type { Manifest } from '../api/manifests.ts'

type Owner = Manifest['owners'][number]

export function OwnerTable({ owners, label }: { readonly owners: readonly Owner[]; readonly label: string }) {
  const t = useText('catalog')
  if (owners.length === 0) return <Empty title={t('owners.none')}>{t('owners.noneWhy')}</Empty>
  return (
    <Table<Owner>
      label={label}
      rows={owners}
      keyOf={({ field, manager }) => `${field} ${manager}`}
      columns={[
        { key: 'field', head: t('owners.field'), cell: ({ field }) => <code>{field}</code>, isName: true },
        { key: 'manager', head: t('owners.manager'), cell: ({ manager }) => <code>{manager}</code> },
      ]}
    />
  )
}
