// /admin/new-group: a UserGroup that is made.
import { useNavigate } from 'react-router'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Page as Frame } from '../../../ui/page.tsx'
import { toast } from '../../../ui/toast.tsx'
import { newGroup } from '../components/form/templates.ts'
import { ManifestEditor } from '../components/manifest-editor.tsx'

const START = newGroup()

export function Page() {
  const t = useText('catalog')
  const navigate = useNavigate()
  return (
    <Frame title={t('group.new')} lead={t('group.lead')}>
      <ManifestEditor
        kind="UserGroup"
        draft="new/"
        stored={null}
        start={START}
        onSaved={({ name }) => {
          toast(t('saved'))
          void navigate(`/admin/groups/${encodeURIComponent(name)}`, { replace: true })
        }}
      />
    </Frame>
  )
}
