// /admin/groups/:name: one UserGroup of the catalogue.
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { ManifestPage } from '../components/manifest-page.tsx'
import { OriginText } from '../components/origin-text.tsx'

export function Page() {
  return (
    <ManifestPage kind="UserGroup" list="/admin/groups">
      {(name) => <Declared name={name} />}
    </ManifestPage>
  )
}

function Declared({ name }: { readonly name: string }) {
  const group = useQuery(queryOf('listUserGroups')).data?.items.find((one) => one.name === name)
  return group === undefined ? null : (
    <p>
      <OriginText {...group} />
    </p>
  )
}
