// One changed tool of the list: whose, which, in what state, for how many, and whether it holds what one cannot see.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge, type Tone } from '../../../ui/badge.tsx'
import { VisibleText } from '../../../ui/diff.tsx'
import type { IconName } from '../../../ui/icon.tsx'
import { Time } from '../../../ui/time.tsx'

export type ToolChange = RouteResponse<'listToolChanges'>['items'][number]

const LOOKS: Readonly<Record<ToolChange['state'], readonly [tone: Tone, icon: IconName]>> = {
  flagged: ['warn', 'alert'],
  held: ['bad', 'cross'],
  approved: ['good', 'check'],
}

export function StateBadge({ state }: { readonly state: ToolChange['state'] }) {
  const t = useText('tool-changes')
  const [tone, icon] = LOOKS[state]
  return (
    <Badge tone={tone} icon={icon}>
      {t(`status.${state}`)}
    </Badge>
  )
}

interface ChangeRowProps {
  readonly change: ToolChange
  readonly onOpen: () => void
  /** to see those of this server alone */
  readonly onServer: (name: string) => void
}

export function ChangeRow({ change, onOpen, onServer }: ChangeRowProps) {
  const t = useText('tool-changes')
  const { server, tool, state, invisible, firstSeenAt } = change
  return (
    <div className="relative flex flex-wrap items-start gap-x-4 gap-y-1 border-b border-line px-4 py-3 hover:bg-raised">
      <div className="flex min-w-0 flex-1 basis-64 flex-col gap-1">
        <button
          type="button"
          onClick={onOpen}
          aria-label={t('open', { server, tool })}
          className="w-fit text-left font-semibold break-words after:absolute after:inset-0 hover:underline"
        >
          <bdi>
            <VisibleText text={tool} />
          </bdi>
        </button>
        <p className="flex flex-wrap gap-x-3 text-small text-muted">
          <button
            type="button"
            onClick={() => onServer(server)}
            aria-label={t('filterServer', { server })}
            className="relative text-accent underline underline-offset-2"
          >
            {server}
          </button>
          <span>
            {t('seen')} <Time at={firstSeenAt} />
          </span>
          <Shown change={change} />
        </p>
        {invisible.length > 0 && <p className="text-small text-warn">{t('invisible', { codes: invisible })}</p>}
      </div>
      <StateBadge state={state} />
    </div>
  )
}

/** To whom it is shown. */
export function Shown({ change: { people } }: { readonly change: ToolChange }) {
  const t = useText('tool-changes')
  return <span>{people === null ? t('everybody') : t('people', { count: people })}</span>
}
