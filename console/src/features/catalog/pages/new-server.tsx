// /admin/new-server: what it is made from (?from=), then its form. One that was taken from a settings file is found again by its name (?draft=).
import { useNavigate, useSearchParams } from 'react-router'
import { useText } from '../../../lib/i18n/use-text.ts'
import { LinkButton } from '../../../ui/button.tsx'
import { Page as Frame } from '../../../ui/page.tsx'
import { toast } from '../../../ui/toast.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { newServer, TEMPLATES, type Template } from '../components/form/templates.ts'
import { ManifestEditor } from '../components/manifest-editor.tsx'

export function Page() {
  const t = useText('catalog')
  const navigate = useNavigate()
  const [params] = useSearchParams()
  const draft = params.get('draft')
  const from = TEMPLATES.find((one) => one === params.get('from')) ?? (draft === null ? null : 'npm')
  return (
    <Frame title={t('server.new')} lead={t('server.newLead')}>
      {from === null ? (
        <Templates />
      ) : (
        <>
          {draft === null && (
            <p>
              {t(`template.${from}`)}{' '}
              <TextLink to="/admin/new-server" replace>
                {t('template.other')}
              </TextLink>
            </p>
          )}
          <ManifestEditor
            key={`${from} ${draft}`}
            kind="McpServer"
            draft={`new/${draft ?? from}`}
            stored={null}
            start={newServer(from)}
            onSaved={({ name }) => {
              toast(t('saved'))
              void navigate(`/admin/servers/${encodeURIComponent(name)}`, { replace: true })
            }}
          />
        </>
      )}
    </Frame>
  )
}

function Templates() {
  const t = useText('catalog')
  return (
    <ul className="grid gap-3 md:grid-cols-2">
      {TEMPLATES.map((template: Template) => (
        <li key={template} className="flex flex-col items-start gap-2 rounded-md border border-line bg-surface p-4">
          <h2 className="text-large font-semibold">{t(`template.${template}`)}</h2>
          <p className="flex-1 text-muted">{t(`means.${template}`)}</p>
          <LinkButton
            to={`?from=${template}`}
            aria-label={t('template.choose', { template: t(`template.${template}`) })}
          >
            {t('template.begin')}
          </LinkButton>
        </li>
      ))}
      <li className="flex flex-col items-start gap-2 rounded-md border border-line bg-surface p-4">
        <h2 className="text-large font-semibold">{t('import.title')}</h2>
        <p className="flex-1 text-muted">{t('import.lead')}</p>
        <LinkButton to="/admin/settings-file" aria-label={t('template.choose', { template: t('import.title') })}>
          {t('template.begin')}
        </LinkButton>
      </li>
    </ul>
  )
}
