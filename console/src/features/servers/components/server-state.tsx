// How a server does, in words and in sentences: whether it can be used, what runs of it, what went wrong.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Told } from '../../../ui/told.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { StatusBadge, useStatusReason } from './server-status.tsx'

export type ServerDetail = RouteResponse<'getServer'>

const TONES = { Running: 'good', Starting: 'calm', Asleep: 'calm', Failed: 'bad', None: 'calm' } as const

export function ServerState({ server }: { readonly server: ServerDetail }) {
  const t = useText('servers')
  const format = useFormat()
  const reason = useStatusReason()(server)
  const { state, status, statusParams, statusSaid } = server
  const { since } = state.params
  // of what does not work, that it sleeps says nothing
  const hasRun = state.kind !== 'None' && !(status === 'Failed' && state.kind === 'Asleep')
  const message = statusParams['message'] ?? state.params['message']
  const said = statusParams['message'] === undefined ? state.said : statusSaid
  return (
    <div className="flex flex-col gap-2">
      <p className="flex flex-wrap items-center gap-2">
        <StatusBadge status={status} />
        {hasRun && <Badge tone={TONES[state.kind]}>{t(`runs.${state.code}`)}</Badge>}
        {typeof since === 'string' && (
          <time dateTime={since} title={format.time(since)} className="text-small text-muted">
            {t('detail.since', { time: format.relative(since) })}
          </time>
        )}
      </p>
      {wantsOwnValue(server) ? (
        <p className="max-w-prose">
          <TextLink to={`?${new URLSearchParams({ tab: 'values', value: missingOf(server)[0]!.name })}`}>
            {t('reason.giveValue', { labels: missingOf(server).map(({ name, label }) => label ?? name) })}
          </TextLink>
        </p>
      ) : (
        reason && <p className="max-w-prose">{reason}</p>
      )}
      {typeof message === 'string' && (
        <p className="max-w-prose text-small break-words text-muted">
          <Told text={message} said={said} isAlone />
        </p>
      )}
    </div>
  )
}

const missingOf = ({ statusParams: { variables }, userVariables }: ServerDetail) =>
  userVariables.filter(({ name }) => Array.isArray(variables) && variables.includes(name))

export const wantsOwnValue = (server: ServerDetail): boolean =>
  server.statusCode === 'missingVariable' && missingOf(server).length > 0
