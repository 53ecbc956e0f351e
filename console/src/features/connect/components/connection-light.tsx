// Whether the editor has come: grey while nothing has, green with its name and its tools, amber with what was seen and what mends it. Lives from
// what the hub notes of a key that is watched, so it needs no key and works again after a reload.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { isFault } from '../../../lib/api/fault.ts'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import { useHubClock } from '../../../lib/hub-clock.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Loaded } from '../../../ui/loaded.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { TextLink } from '../../../ui/text-link.tsx'
import { Time } from '../../../ui/time.tsx'
import { readLight, type Fault, type Sighting } from './read-light.ts'

/** sooner than the hub stops watching */
const AGAIN_MS = 8 * 60 * 1000

/** What stands in sentences as it is, in every language. */
const AS_IT_IS = { setting: 'MCPHUB_PUBLIC_HOSTS', header: 'Accept: application/json, text/event-stream' }

export function ConnectionLight({ keyId }: { readonly keyId: string }) {
  const t = useText('connect')
  const { mutate: watch } = useChange('watchKey', { renews: ['sightings'] })
  const query = useQuery(queryOf('listSightings', { params: { id: keyId } }))
  useEffect(() => {
    const begin = (): void => watch({ params: { id: keyId } })
    begin()
    const timer = window.setInterval(begin, AGAIN_MS)
    return () => window.clearInterval(timer)
  }, [watch, keyId])
  return (
    <Section title={t('connection')}>
      {/* what is waited for is what a screen reader must hear of */}
      <div role="status">
        {isFault(query.error, 'not_found') ? (
          <Notice tone="warn">{t('gone')}</Notice>
        ) : (
          <Loaded query={query}>{(data) => <Told data={data} />}</Loaded>
        )}
      </div>
    </Section>
  )
}

function Told({ data }: { readonly data: RouteResponse<'listSightings'> }) {
  const t = useText('connect')
  const light = readLight(data.items)
  if (light.state === 'connected') return <Connected seen={light.seen} toolCount={data.toolCount} />
  if (light.state === 'trouble') return <Trouble seen={light.seen} />
  return (
    <Notice tone="calm" title={t('waiting')}>
      {t('waitingHelp')}
    </Notice>
  )
}

function Connected({ seen, toolCount }: { readonly seen: Sighting; readonly toolCount: number }) {
  const t = useText('connect')
  const clock = useHubClock()
  const title = seen.client === null ? t('connectedUnknown') : t('connected', { client: seen.client })
  return (
    <Notice tone="good" title={title} action={<TextLink to="/servers">{t('next')}</TextLink>}>
      {toolCount > 0 ? t('tools', { count: toolCount }) : t('noTools')} <Time at={clock.here(seen.at)} />
    </Notice>
  )
}

function Trouble({ seen }: { readonly seen: Fault }) {
  const t = useText('connect')
  const clock = useHubClock()
  const params = { ...AS_IT_IS, ...seen.params }
  return (
    <Notice tone="warn" title={t(`seen.${seen.kind}`, params)}>
      <p>{t(`mend.${seen.kind}`, params)}</p>
      <p className="text-small">
        {t('seenAt')} <Time at={clock.here(seen.at)} />
      </p>
    </Notice>
  )
}
