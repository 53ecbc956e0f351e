// Usage by server, busiest first; there may be hundreds, so it is a list of which only what is in sight is drawn.
import { useText } from '../../../lib/i18n/use-text.ts'
import { classes } from '../../../ui/classes.ts'
import { VirtualList } from '../../../ui/virtual-list.tsx'
import type { ServerSum } from './usage-sums.ts'

interface UsageTableProps {
  readonly sums: readonly ServerSum[]
  /** empty: none */
  readonly chosen: string
  readonly onChoose: (server: string) => void
}

export function UsageTable({ sums, chosen, onChoose }: UsageTableProps) {
  const t = useText('system')
  return (
    <div className="rounded-md border border-line bg-surface">
      <VirtualList label={t('byServer')} items={sums} keyOf={({ server }) => server} rowHeight={61}>
        {(sum) => <UsageRow sum={sum} isChosen={sum.server === chosen} onChoose={onChoose} />}
      </VirtualList>
    </div>
  )
}

interface UsageRowProps {
  readonly sum: ServerSum
  readonly isChosen: boolean
  readonly onChoose: (server: string) => void
}

function UsageRow({ sum: { server, calls, errors, refused, meanMs }, isChosen, onChoose }: UsageRowProps) {
  const t = useText('system')
  return (
    <div
      className={classes(
        'relative flex flex-wrap items-center justify-between gap-x-6 border-b border-line px-4 py-2 hover:bg-raised',
        isChosen && 'bg-accent-soft',
      )}
    >
      <button
        type="button"
        aria-pressed={isChosen}
        onClick={() => onChoose(isChosen ? '' : server)}
        className="min-w-0 text-left font-semibold break-all after:absolute after:inset-0 hover:underline"
      >
        {server}
      </button>
      <span className="flex flex-wrap gap-x-4 text-small tabular-nums">
        <span>{t('callCount', { count: calls })}</span>
        <span className={errors > 0 ? 'text-bad' : 'text-muted'}>{t('errorCount', { count: errors })}</span>
        <span className="text-muted">{t('refusedCount', { count: refused })}</span>
        <span className="text-muted">{meanMs === null ? '–' : t('milliseconds', { ms: Math.round(meanMs) })}</span>
      </span>
    </div>
  )
}
