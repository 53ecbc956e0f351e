// One call: what, of which server, when, how long, how it ended, and its request id.
import type { RouteResponse } from '@mcphub/api'
import { useActionName } from '../../../lib/action-names.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge, type Tone } from '../../../ui/badge.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { Time } from '../../../ui/time.tsx'
import { RequestId } from './request-id.tsx'
import { useCodeText } from './use-code-text.ts'

type Call = RouteResponse<'listActivity'>['items'][number]

export const OUTCOMES = ['ok', 'error', 'refused', 'canceled'] as const satisfies readonly Call['outcome'][]
export const KINDS = ['mcp', 'admin', 'auth'] as const satisfies readonly Call['kind'][]

const TONES: Readonly<Record<Call['outcome'], Tone>> = { ok: 'good', error: 'bad', refused: 'warn', canceled: 'calm' }

export function CallRow({ call }: { readonly call: Call }) {
  const t = useText('activity')
  const tellCode = useCodeText()
  const tellAction = useActionName()
  const { kind, action, target, server, at, durationMs, outcome, code, via, requestId } = call
  const isCall = kind === 'mcp'
  return (
    <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1 border-b border-line px-4 py-3">
      <div className="flex min-w-0 flex-1 basis-72 flex-col gap-0.5">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="min-w-0 font-semibold break-words">
            {isCall ? <bdi>{target ?? action}</bdi> : tellAction(action)}
          </span>
          {isCall && target !== null && <code className="text-small text-muted">{action}</code>}
          {!isCall && target !== null && <bdi className="text-small text-muted">{target}</bdi>}
        </p>
        {code !== null && <p className="text-small">{tellCode(code)}</p>}
        <p className="flex flex-wrap gap-x-3 text-small text-muted">
          {server !== null && (
            <TextLink to={`/servers/${encodeURIComponent(server)}`}>
              <bdi>{server}</bdi>
            </TextLink>
          )}
          <Time at={at} />
          <span className="tabular-nums">{t('ms', { ms: Math.round(durationMs) })}</span>
          {via !== null && <span>{t(`via.${via}`)}</span>}
        </p>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={TONES[outcome]}>{t(`outcome.${outcome}`)}</Badge>
        <RequestId id={requestId} />
      </div>
    </div>
  )
}
