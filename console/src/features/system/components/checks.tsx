// The hub's checks of itself: what is wrong, with what to do; what is well is folded. What is checked stands in the reader's language; what was
// found is the hub's own sentence.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import type { TextKey } from '../../../lib/i18n/words.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Loaded } from '../../../ui/loaded.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { Told } from '../../../ui/told.tsx'

type Check = RouteResponse<'getDoctor'>['items'][number]

const LOOK_MS = 30_000
const OF_PROVIDER = 'login-provider-'

export function Checks() {
  const t = useText('system')
  const query = useQuery({ ...queryOf('getDoctor'), refetchInterval: LOOK_MS })
  return (
    <Loaded query={query}>
      {({ items }) => {
        const [well, wrong] = [items.filter(({ ok }) => ok), items.filter(({ ok }) => !ok)]
        return (
          <div className="flex flex-col gap-4">
            <div className="flex flex-wrap items-center justify-between gap-2">
              <p role="status">
                {wrong.length === 0 ? t('allWell', { count: items.length }) : t('wrong', { count: wrong.length })}
              </p>
              <Button icon="refresh" busy={query.isFetching} onClick={() => void query.refetch()}>
                {t('again')}
              </Button>
            </div>
            {wrong.length > 0 && <CheckList label={t('toMend')} checks={wrong.toSorted(errorsFirst)} />}
            <details>
              <summary className="mb-2 w-fit p-1">{t('wellCount', { count: well.length })}</summary>
              <CheckList label={t('well')} checks={well} />
            </details>
          </div>
        )
      }}
    </Loaded>
  )
}

const errorsFirst = (a: Check, b: Check): number => Number(b.severity === 'error') - Number(a.severity === 'error')

function CheckList({ label, checks }: { readonly label: string; readonly checks: readonly Check[] }) {
  return (
    <ul aria-label={label} className="rounded-md border border-line bg-surface">
      {checks.map((check) => (
        <OneCheck key={check.id} check={check} />
      ))}
    </ul>
  )
}

function OneCheck({ check }: { readonly check: Check }) {
  const t = useText('system')
  const name = useCheckName()(check)
  const { title, ok, severity, message, said, fix, fixSaid } = check
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-1 border-b border-line px-4 py-3 last:border-b-0">
      <div className="flex min-w-0 flex-1 basis-64 flex-col">
        <p lang={name === null ? 'en' : undefined} className="font-semibold">
          {name ?? title}
        </p>
        <p className="text-muted">
          <Told text={message} said={said} />
        </p>
        {fix !== null && (
          <p>
            {t('fix')} <Told text={fix} said={fixSaid} />
          </p>
        )}
        {!ok && check.id === 'demo-key' && (
          <p>
            <TextLink to="/admin/people?q=demo">{t('toDemo')}</TextLink>
          </p>
        )}
      </div>
      <Badge tone={ok ? 'good' : severity === 'error' ? 'bad' : 'warn'}>
        {ok ? t('well') : severity === 'error' ? t('error') : t('warning')}
      </Badge>
    </li>
  )
}

/** Null: a check of a newer hub, of which there are no words yet. */
function useCheckName(): (check: Check) => string | null {
  const t = useText('system')
  return ({ id }) => {
    if (id.startsWith(OF_PROVIDER)) return t('loginThrough', { name: id.slice(OF_PROVIDER.length) })
    const key = `check.${id}` as TextKey<'system'>
    const name = t(key)
    return name === key ? null : name
  }
}
