// Said while the hub's news do not arrive: since when, and that what is shown may be old. Forms stay as they are.
import { useFormat } from '../lib/use-format.ts'
import { useText } from '../lib/i18n/use-text.ts'
import { useConnection } from '../lib/events/connection.ts'
import { Icon } from '../ui/icon.tsx'

export function OfflineBanner() {
  const t = useText('common')
  const format = useFormat()
  const connection = useConnection()
  return (
    <div role="status" aria-live="polite">
      {connection.kind === 'lost' && (
        <p className="flex items-center gap-2 border-b border-line bg-warn-soft px-4 py-2 text-warn md:px-8">
          <Icon name="alert" />
          {t('offline', { time: format.time(connection.since) })}
        </p>
      )}
    </div>
  )
}
