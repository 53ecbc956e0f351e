// /servers/:name/tools/:tool: a tool, what it wants, and what it answers.
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useParams } from 'react-router'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Empty } from '../../../ui/empty.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { Page as Frame, Section } from '../../../ui/page.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { CallResult } from '../components/call-result.tsx'
import { ToolForm } from '../components/tool-form.tsx'
import { useToolCall } from '../components/use-tool-call.ts'
import { buildForm } from '../schema-form/build-form.ts'

export function Page() {
  const t = useText('calls')
  const { name = '', tool = '' } = useParams()
  const query = useQuery(queryOf('getServer', { params: { name } }))
  const server = query.data
  const title = server?.tools.find((one) => one.name === tool)?.title ?? tool
  const back = <TextLink to={`/servers/${encodeURIComponent(name)}`}>{server?.displayName ?? name}</TextLink>
  return (
    <Frame title={t('title', { tool: title })} lead={back}>
      <Loaded query={query}>
        {({ tools }) => {
          const found = tools.find((one) => one.name === tool)
          return found === undefined ? (
            <Empty title={t('unknown')}>{t('unknownWhy')}</Empty>
          ) : (
            <Tool key={`${name} ${tool}`} server={name} tool={found} />
          )
        }}
      </Loaded>
    </Frame>
  )
}

interface ToolFacts {
  readonly name: string
  readonly exposedName: string
  readonly description: string | null
  readonly inputSchema: unknown
  readonly state: 'ok' | 'flagged' | 'held'
}

function Tool({ server, tool }: { readonly server: string; readonly tool: ToolFacts }) {
  const t = useText('calls')
  const form = useMemo(() => buildForm(tool.inputSchema), [tool.inputSchema])
  const { call, start, cancel } = useToolCall(server, tool.name)
  return (
    <>
      {tool.description && <p className="max-w-prose whitespace-pre-line">{tool.description}</p>}
      <p className="flex flex-wrap items-center gap-2 text-small text-muted">
        <span>{t('exposedName')}</span>
        <code>{tool.exposedName}</code>
        {tool.state !== 'ok' && <Badge tone="warn">{tool.state === 'held' ? t('held') : t('flagged')}</Badge>}
      </p>
      {tool.state === 'held' ? (
        <p>{t('heldWhy')}</p>
      ) : (
        <Section title={t('arguments')}>
          <ToolForm form={form} isRunning={call?.phase === 'running'} onSend={start} onCancel={cancel} />
        </Section>
      )}
      {call !== null && <CallResult call={call} />}
    </>
  )
}
