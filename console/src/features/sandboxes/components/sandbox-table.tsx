// One row for each sandbox: its server, how it does and why, since when, until when, how much memory, and what can be done.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Badge, type Tone } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import type { IconName } from '../../../ui/icon.tsx'
import { Table, type Column } from '../../../ui/table.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { Time } from '../../../ui/time.tsx'
import { Told } from '../../../ui/told.tsx'

type Sandbox = RouteResponse<'listSandboxes'>['items'][number]

interface SandboxTableProps {
  readonly sandboxes: readonly Sandbox[]
  /** something is being done to it */
  readonly busyId: string | null
  readonly onHear: (sandbox: Sandbox) => void
  readonly onStop: (id: string) => void
  readonly onRestart: (id: string) => void
}

export function SandboxTable(props: SandboxTableProps) {
  const t = useText('sandboxes')
  const columns = useColumns(props)
  // of one that is being replaced the old life and the new one have the same id
  const keyOf = ({ id, startedAt, state }: Sandbox): string => `${id} ${startedAt ?? state}`
  return <Table label={t('title')} columns={columns} rows={props.sandboxes} keyOf={keyOf} />
}

function useColumns(props: SandboxTableProps): readonly Column<Sandbox>[] {
  const t = useText('sandboxes')
  const format = useFormat()
  return [
    { key: 'server', head: t('server'), isName: true, cell: (sandbox) => <ServerName sandbox={sandbox} /> },
    { key: 'state', head: t('state'), cell: (sandbox) => <State sandbox={sandbox} /> },
    { key: 'since', head: t('since'), cell: ({ startedAt }) => (startedAt === null ? NONE : <Time at={startedAt} />) },
    { key: 'idle', head: t('idle'), cell: (sandbox) => <IdleIn sandbox={sandbox} /> },
    {
      key: 'memory',
      head: t('memory'),
      isNumber: true,
      cell: ({ memoryBytes }) => (memoryBytes === null ? NONE : format.bytes(memoryBytes)),
    },
    { key: 'acts', head: t('acts'), cell: (sandbox) => <Acts sandbox={sandbox} {...props} /> },
  ]
}

const NONE = '–'

function ServerName({ sandbox: { server, sessionId, userId } }: { readonly sandbox: Sandbox }) {
  const t = useText('sandboxes')
  return (
    <span className="flex flex-col">
      <TextLink to={`/servers/${encodeURIComponent(server)}`}>
        <bdi>{server}</bdi>
      </TextLink>
      {sessionId !== null && <span className="text-small font-normal text-muted">{t('ofSession')}</span>}
      {userId === null && <span className="text-small font-normal text-muted">{t('ofAll')}</span>}
    </span>
  )
}

const LOOKS: Readonly<Record<Sandbox['code'], readonly [tone: Tone, icon?: IconName]>> = {
  starting: ['calm', 'clock'],
  running: ['good'],
  ending: ['calm', 'clock'],
  failed: ['bad'],
  runningAfterFault: ['warn'],
}

function State({ sandbox: { code, params, said } }: { readonly sandbox: Sandbox }) {
  const t = useText('sandboxes')
  const [tone, icon] = LOOKS[code]
  const { message } = params
  return (
    <span className="flex flex-col items-start gap-1 max-md:items-end">
      <Badge tone={tone} {...(icon && { icon })}>
        {t(`code.${code}`)}
      </Badge>
      {typeof message === 'string' && (
        <span className="max-w-prose text-small break-words text-muted">
          {t('because')} <Told text={message} said={said} />
        </span>
      )}
    </span>
  )
}

/** What another replica of the hub runs has no process here, and whether it is in use is not known here. */
function IdleIn({ sandbox: { code, pid, idleInSeconds } }: { readonly sandbox: Sandbox }) {
  const t = useText('sandboxes')
  const format = useFormat()
  if (idleInSeconds !== null) return t('idleIn', { time: format.duration(idleInSeconds * 1000) })
  const isRunning = code === 'running' || code === 'runningAfterFault'
  return isRunning && pid !== null ? t('inUse') : NONE
}

function Acts({ sandbox, busyId, onHear, onStop, onRestart }: SandboxTableProps & { readonly sandbox: Sandbox }) {
  const t = useText('sandboxes')
  const { id, server, code, userId } = sandbox
  const isBusy = busyId === id
  return (
    <span className="flex flex-wrap gap-1 max-md:justify-end">
      <Button aria-label={t('hearLabel', { server })} onClick={() => onHear(sandbox)}>
        {t('hear')}
      </Button>
      {userId !== null && (
        <Button
          icon="refresh"
          aria-label={t('restartLabel', { server })}
          busy={isBusy}
          disabled={code === 'ending'}
          onClick={() => onRestart(id)}
        >
          {t('restart')}
        </Button>
      )}
      <Button
        icon="stop"
        aria-label={t('stopLabel', { server })}
        busy={isBusy}
        disabled={code === 'ending'}
        onClick={() => onStop(id)}
      >
        {t('stop')}
      </Button>
    </span>
  )
}
