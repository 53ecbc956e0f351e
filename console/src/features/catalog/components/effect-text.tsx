// What a change means for people: "12 people lose 3 tools", and whom and what in a fold.
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { Icon } from '../../../ui/icon.tsx'
import type { Effect } from '../api/use-check.ts'
import { summarise } from './summarise-effect.ts'

type Moved = Effect['lose'][number]

interface EffectTextProps {
  readonly effect: Effect
  /** of a server that is new, where only groups give it to people */
  readonly isForNobody?: boolean
}

export function EffectText({ effect, isForNobody = false }: EffectTextProps) {
  const t = useText('catalog')
  const { way, lost, gained } = summarise(effect)
  const whatOf = ({ tools, servers }: typeof lost): string =>
    tools === null ? t('effect.servers', { count: servers }) : t('effect.tools', { count: tools })
  const count = effect.people
  return (
    <div className="flex flex-col gap-2">
      <p className="flex items-start gap-2 text-large font-medium">
        <Icon name={way === 'nothing' || way === 'gain' ? 'info' : 'alert'} size={20} />
        <span>
          {way === 'nothing' && t(isForNobody ? 'effect.nobodyYet' : 'effect.nothing')}
          {way === 'lose' && t('effect.lose', { count, what: whatOf(lost) })}
          {way === 'gain' && t('effect.gain', { count, what: whatOf(gained) })}
          {way === 'both' && t('effect.both', { count, lost: whatOf(lost), gained: whatOf(gained) })}
        </span>
      </p>
      {way !== 'nothing' && (
        <details>
          <summary className="text-accent">{t('effect.unfold')}</summary>
          <ul className="mt-2 flex flex-col gap-2">
            {effect.lose.map((moved) => (
              <Line key={`lose ${moved.server}`} moved={moved} isLoss />
            ))}
            {effect.gain.map((moved) => (
              <Line key={`gain ${moved.server}`} moved={moved} />
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}

function Line({ moved, isLoss = false }: { readonly moved: Moved; readonly isLoss?: boolean }) {
  const t = useText('catalog')
  const format = useFormat()
  const { server, people: count, tools, names } = moved
  const what = tools === null ? t('effect.unknownTools') : t('effect.tools', { count: tools })
  return (
    <li>
      <p>
        <bdi className="font-semibold">{server}</bdi>
        {': '}
        {isLoss ? t('effect.lose', { count, what }) : t('effect.gain', { count, what })}
      </p>
      <p className="text-small text-muted">
        <bdi>{format.list(names)}</bdi>
        {count > names.length && ` ${t('effect.more', { count: count - names.length })}`}
      </p>
    </li>
  )
}
