// What a provider can and knows, one line each: a sign, a sentence, and what was seen.
import type { RouteResponse } from '@mcphub/api'
import { capital } from '../../../lib/capital.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Badge, type Tone } from '../../../ui/badge.tsx'
import { Told } from '../../../ui/told.tsx'

type Item = RouteResponse<'checkProvider'>['items'][number]

const TONES: Readonly<Record<Item['state'], Tone>> = { ok: 'good', failed: 'bad', missing: 'calm', unknown: 'warn' }

export function CheckResults({ items }: { readonly items: readonly Item[] }) {
  const t = useText('providers')
  const isFine = items.every(({ state }) => state !== 'failed')
  return (
    <section aria-label={t('checked')} role="status" className="flex flex-col gap-2 rounded-md border border-line p-3">
      <p className="font-medium">{isFine ? t('checkedFine') : t('checkedWrong')}</p>
      <ul className="flex flex-col gap-2">
        {items.map(({ check, state, detail, said }) => (
          <li key={check} className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
            <Badge tone={TONES[state]}>{t(`state.${state}`)}</Badge>
            <span>{t(`check.${check}`)}</span>
            {detail !== null && (
              <span className="text-small text-muted">
                <Told text={capital(detail)} said={said} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
