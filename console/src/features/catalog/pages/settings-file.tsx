// /admin/settings-file: servers that somebody has in an editor or another hub become manifests here, one after another; and the catalogue in
// the form those take.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useMe } from '../../../lib/session.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button, LinkButton } from '../../../ui/button.tsx'
import { CopyBlock } from '../../../ui/copy.tsx'
import { TextAreaField } from '../../../ui/field.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame, Section } from '../../../ui/page.tsx'
import { draftName, keepImported, readDraft, readImported } from '../components/drafts.ts'
import { importSettings, type ImportedServer, type ImportFault } from '../components/import-settings.ts'

const FILE = 'mcp_settings.json'

export function Page() {
  const t = useText('catalog')
  const { id, role } = useMe()
  const [text, setText] = useState('')
  const [fault, setFault] = useState<ImportFault | null>(null)
  const [found, setFound] = useState(() => readImported(id))
  const read = (): void => {
    const { servers, fault: wrong } = importSettings(text)
    setFault(wrong)
    if (servers === null) return
    keepImported(id, servers)
    setFound(servers)
    // it may hold secrets
    setText('')
  }
  return (
    <Frame title={t('import.title')} lead={t('import.lead')}>
      {role === 'admin' && (
        <form
          className="flex flex-col items-start gap-3 *:w-full"
          onSubmit={(event) => {
            event.preventDefault()
            read()
          }}
        >
          <TextAreaField
            label={t('import.paste')}
            help={t('import.help')}
            fault={fault === null ? null : t(`import.${fault}`)}
            rows={8}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(typed) => {
              setText(typed)
              if (typed === '') setFault(null)
            }}
          />
          <Button type="submit" kind="primary" className="max-w-max" disabled={text.trim() === ''}>
            {t('import.read')}
          </Button>
        </form>
      )}
      {/* beside a file that cannot be read, those of the one before would seem to be its own */}
      {fault === null && found.length > 0 && (
        <Section title={t('import.found', { count: found.length })}>
          <ul className="rounded-md border border-line bg-surface [&>li:last-child]:border-b-0">
            {found.map((server) => (
              <Imported
                key={server.name}
                server={server}
                isOpen={readDraft(id, draftName('McpServer', `new/${server.name}`)) !== null}
              />
            ))}
          </ul>
        </Section>
      )}
      <Export />
    </Frame>
  )
}

function Imported({ server, isOpen }: { readonly server: ImportedServer; readonly isOpen: boolean }) {
  const t = useText('catalog')
  const { name, title, notes } = server
  return (
    <li className="flex flex-wrap items-start justify-between gap-3 border-b border-line px-4 py-3">
      <div className="min-w-0">
        <p className="font-semibold">
          <bdi>{title}</bdi>
        </p>
        <ul className="text-small">
          {notes.map(({ code, what }) => (
            <li key={code}>{t(`note.${code}`, { what })}</li>
          ))}
        </ul>
      </div>
      {isOpen ? (
        <LinkButton
          to={`/admin/new-server?draft=${encodeURIComponent(name)}`}
          aria-label={t('import.open', { name: title })}
        >
          {t('import.look')}
        </LinkButton>
      ) : (
        <Badge tone="good">{t('import.done')}</Badge>
      )}
    </li>
  )
}

function Export() {
  const t = useText('catalog')
  const query = useQuery(queryOf('getSettingsFile'))
  return (
    <Section title={t('export.title')} lead={t('export.lead')}>
      <Loaded query={query}>
        {({ mcpServers, leftOut }) => (
          <>
            {leftOut.length > 0 && (
              <ul className="text-small text-muted">
                {leftOut.map(({ server, fields }) => (
                  <li key={server}>{t('export.leftOut', { server, fields })}</li>
                ))}
              </ul>
            )}
            <CopyBlock label={FILE} text={JSON.stringify({ mcpServers }, null, 2)} />
          </>
        )}
      </Loaded>
    </Section>
  )
}
