// The page of one server or UserGroup in the catalogue: what it is, where it is declared, and its manifest to be changed, or to be read where it
// is kept elsewhere or by an auditor.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useNavigate, useParams } from 'react-router'
import { isFault } from '../../../lib/api/fault.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { LinkButton } from '../../../ui/button.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { Tabs } from '../../../ui/tabs.tsx'
import { toast } from '../../../ui/toast.tsx'
import { manifestQuery, type Manifest } from '../api/manifests.ts'
import { DeleteManifest } from './delete-manifest.tsx'
import type { Kind } from './kind.ts'
import { ManifestEditor } from './manifest-editor.tsx'
import { OwnerTable } from './owner-table.tsx'
import { ReadOnlyReason } from './read-only-reason.tsx'
import { YamlEditor } from './yaml-editor.tsx'

interface ManifestPageProps {
  readonly kind: Kind
  /** of the list it is in */
  readonly list: string
  /** what else is known of it */
  readonly children?: (name: string) => ReactNode
}

export function ManifestPage({ kind, list, children }: ManifestPageProps) {
  const t = useText('catalog')
  const { name = '' } = useParams()
  const { role } = useMe()
  const navigate = useNavigate()
  const query = useQuery(manifestQuery(kind, name))
  const manifest = query.data
  const mayChange = role === 'admin' && manifest !== undefined && manifest.readOnly === null
  return (
    <Frame
      title={name}
      lead={kind === 'McpServer' ? t('server.lead') : t('group.lead')}
      actions={mayChange && <DeleteManifest manifest={manifest} onRemoved={() => void navigate(list)} />}
    >
      {/* what somebody else removed while it was being changed stays: it can be made anew */}
      {manifest === undefined && isFault(query.error, 'not_found') ? (
        <Empty title={t('manifest.unknown')} action={<LinkButton to={list}>{t('manifest.toList')}</LinkButton>}>
          {t('manifest.unknownWhy')}
        </Empty>
      ) : (
        <Loaded query={query}>
          {(found) => (
            <>
              {children?.(name)}
              {mayChange ? (
                <ManifestEditor
                  key={name}
                  kind={kind}
                  draft={name}
                  stored={found}
                  start={found.yaml}
                  onSaved={() => toast(t('saved'))}
                />
              ) : (
                <ManifestView manifest={found} />
              )}
            </>
          )}
        </Loaded>
      )}
    </Frame>
  )
}

const NO_FAULTS: readonly never[] = []
const ignore = (): void => undefined

function ManifestView({ manifest }: { readonly manifest: Manifest }) {
  const t = useText('catalog')
  const { kind, yaml, version, owners, readOnly } = manifest
  return (
    <>
      <ReadOnlyReason reason={readOnly} />
      <Tabs
        label={t('parts.label')}
        tabs={[
          {
            key: 'text',
            label: t('parts.text'),
            content: () => (
              <YamlEditor key={version} kind={kind} text={yaml} onChange={ignore} faults={NO_FAULTS} isReadOnly />
            ),
          },
          {
            key: 'owners',
            label: t('parts.owners'),
            content: () => <OwnerTable label={t('parts.owners')} owners={owners} />,
          },
        ]}
      />
    </>
  )
}
