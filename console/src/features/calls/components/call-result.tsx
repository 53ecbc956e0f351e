// How a call goes, and what came of it.
import type { Said } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Code } from '../../../ui/code.tsx'
import { CopyButton } from '../../../ui/copy.tsx'
import { Fault } from '../../../ui/fault.tsx'
import { Section } from '../../../ui/page.tsx'
import { Told } from '../../../ui/told.tsx'
import { presentBlock, type Shown } from './content-block.ts'
import type { ToolCall } from './use-tool-call.ts'

export function CallResult({ call }: { readonly call: ToolCall }) {
  const t = useText('calls')
  return (
    <Section title={t('result.title')}>
      {call.phase === 'running' && <Running call={call} />}
      {call.fault !== null && <Fault error={call.fault} />}
      {call.result !== null && <Answer result={call.result} />}
      {call.log.length > 0 && <Code label={t('result.log')} text={call.log.map(lineOf).join('\n')} wrap />}
      <Facts call={call} />
    </Section>
  )
}

const lineOf = ({ level, logger, text }: ToolCall['log'][number]): string =>
  `${level}${logger === null ? '' : ` ${logger}`}: ${text}`

function Running({ call: { progress } }: { readonly call: ToolCall }) {
  const t = useText('calls')
  const format = useFormat()
  const isMeasured = progress !== null && progress.total !== null && progress.total > 0
  const part = isMeasured ? Math.min(1, Math.max(0, progress.progress / progress.total!)) : null
  return (
    <div role="status" className="flex flex-col gap-2">
      <p>
        {typeof progress?.message === 'string' ? <Doing {...progress} text={progress.message} /> : t('result.running')}
        {part !== null && <span className="text-muted tabular-nums"> {format.number(Math.round(part * 100))} %</span>}
      </p>
      <progress
        aria-label={t('result.progress')}
        className="w-full accent-accent"
        {...(part !== null && { value: part })}
      />
    </div>
  )
}

/** What the hub waits for, or what the tool says of itself, in whatever language. */
function Doing({ text, said }: { readonly text: string; readonly said?: Said }) {
  return said === undefined ? <bdi lang="">{text}</bdi> : <Told text={text} said={said} />
}

function Answer({ result }: { readonly result: NonNullable<ToolCall['result']> }) {
  const t = useText('calls')
  const { content, structuredContent, isError } = result
  return (
    <div className="flex flex-col gap-3">
      <div>
        <Badge tone={isError ? 'bad' : 'good'}>{isError ? t('result.failed') : t('result.done')}</Badge>
      </div>
      {content.length === 0 && structuredContent === undefined && <p className="text-muted">{t('result.nothing')}</p>}
      {content.map((block, at) => (
        <Block key={at} shown={presentBlock(block)} n={at + 1} />
      ))}
      {structuredContent !== undefined && (
        <Code label={t('result.structured')} text={JSON.stringify(structuredContent, null, 2)} />
      )}
    </div>
  )
}

function Block({ shown, n }: { readonly shown: Shown; readonly n: number }) {
  const t = useText('calls')
  if (shown.kind === 'text') return <Code label={t('result.text', { n })} text={shown.text} wrap />
  if (shown.kind === 'json') return <Code label={t('result.other', { n })} text={shown.text} />
  if (shown.kind === 'link') return <LinkBlock {...shown} />
  if (shown.kind === 'image') {
    return <img src={shown.source} alt={t('result.image', { n })} className="max-h-160 max-w-full self-start" />
  }
  return (
    <div>
      <Button onClick={() => save(shown)}>{t('result.save', { name: shown.name })}</Button>
    </div>
  )
}

function LinkBlock({ name, address, mayOpen }: Shown & { readonly kind: 'link' }) {
  return (
    <p className="break-all">
      <bdi>{name}</bdi>{' '}
      {mayOpen ? (
        <a href={address} target="_blank" rel="noreferrer noopener" className="text-accent underline">
          <bdi>{address}</bdi>
        </a>
      ) : (
        <code>{address}</code>
      )}
    </p>
  )
}

/** Made when it is wanted, and let go at once. */
function save({ base64, type, name }: Shown & { readonly kind: 'file' }): void {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  const url = URL.createObjectURL(new Blob([bytes], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

function Facts({ call: { requestId, tookMs } }: { readonly call: ToolCall }) {
  const t = useText('calls')
  const format = useFormat()
  if (requestId === null) return null
  return (
    <p className="flex flex-wrap items-center gap-2 text-small text-muted">
      {tookMs !== null && <span>{t('result.took', { ms: format.number(Math.round(tookMs)) })}</span>}
      <span>{t('result.request')}</span>
      <code>{requestId}</code>
      <CopyButton text={requestId} label={t('result.copyRequest')} />
    </p>
  )
}
