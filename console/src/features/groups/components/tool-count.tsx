// How many tools my editor gets, and what to do when they are too many for it.
import { useText } from '../../../lib/i18n/use-text.ts'
import { Notice } from '../../../ui/notice.tsx'
import type { Groups } from './use-group-switch.ts'

interface ToolCountProps {
  readonly groups: Groups['items']
  readonly visible: Groups['visible']
}

export function ToolCount({ groups, visible }: ToolCountProps) {
  const t = useText('groups')
  const { tools: count, warning } = visible
  const isNarrowed = groups.length > 0
  const told = isNarrowed ? t('count.narrowed', { count }) : t('count.all', { count })
  const areAllOff = isNarrowed && !groups.some(({ active }) => active)
  return (
    <div role="status">
      {areAllOff && <Notice title={t('count.none')}>{t('count.noneWhy')}</Notice>}
      {!areAllOff && warning !== null && <Notice title={told}>{t(`warning.${warning}`)}</Notice>}
      {!areAllOff && warning === null && (
        <Notice tone="calm" title={told}>
          {t('count.fine')}
        </Notice>
      )}
    </div>
  )
}
