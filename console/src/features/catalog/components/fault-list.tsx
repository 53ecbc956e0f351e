// What is wrong with a manifest, one after another; each leads to its line.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Icon } from '../../../ui/icon.tsx'
import { Told } from '../../../ui/told.tsx'
import type { ManifestFault } from '../api/use-check.ts'
import type { LabelOf } from './use-touched.ts'

interface FaultListProps {
  /** they are those of the text as it is now */
  readonly isKnown?: boolean
  /** nothing has been typed yet, so nothing is wrong yet */
  readonly isUntouched?: boolean
  /** of the form, what the field is called at which a fault stands; null: it has none */
  readonly labelOf?: LabelOf | undefined
  readonly faults: readonly ManifestFault[]
  readonly onGo: (line: number) => void
}

const NO_LABEL = (): null => null

export function FaultList({ faults, isKnown = true, isUntouched = false, labelOf = NO_LABEL, onGo }: FaultListProps) {
  const t = useText('catalog')
  if (isUntouched && faults.length > 0) return <p className="text-muted">{t('faults.untouched')}</p>
  return (
    <section aria-label={t('faults.title')} className="flex flex-col gap-2">
      <FaultCount count={faults.length} isKnown={isKnown} />
      {faults.length > 0 && (
        <ol className="flex max-h-16 flex-col gap-1 overflow-y-auto md:max-h-24">
          {faults.map(({ line, path, message, said }, index) => (
            <li key={index} className="flex flex-wrap items-baseline gap-x-2">
              <FaultPlace label={labelOf(path)} line={line} onGo={onGo} />
              <span className="min-w-0">
                <Told text={message} said={said} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

interface FaultCountProps {
  readonly count: number
  readonly isKnown: boolean
}

function FaultCount({ count, isKnown }: FaultCountProps) {
  const t = useText('catalog')
  return (
    <p role="status" className="flex items-center gap-2 font-medium">
      {count > 0 && <Icon name="alert" />}
      {count > 0 && t('faults.count', { count })}
      {count === 0 && isKnown && t('faults.none')}
      {/* not read out: it comes with every letter */}
      {count === 0 && !isKnown && <span aria-hidden="true">{t('faults.checking')}</span>}
    </p>
  )
}

interface FaultPlaceProps {
  readonly label: string | null
  readonly line: number | null
  readonly onGo: (line: number) => void
}

function FaultPlace({ label, line, onGo }: FaultPlaceProps) {
  const t = useText('catalog')
  if (label !== null) return <span className="font-medium">{label}</span>
  return (
    <button
      type="button"
      className="rounded-sm text-accent underline underline-offset-2 hover:no-underline"
      onClick={() => onGo(line ?? 1)}
    >
      {line === null ? t('faults.whole') : t('faults.line', { line })}
    </button>
  )
}
