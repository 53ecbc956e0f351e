// One way in for each provider. Going there leaves the console, so these are links of the browser's own, and no calls.
import type { RouteResponse } from '@mcphub/api'
import { useText } from '../../../lib/i18n/use-text.ts'
import { startLogin } from '../../../lib/start-login.ts'
import { AwayLink } from '../../../ui/button.tsx'

interface ProviderButtonsProps {
  readonly providers: RouteResponse<'getLogin'>['providers']
  readonly returnPath: string
}

export function ProviderButtons({ providers, returnPath }: ProviderButtonsProps) {
  const t = useText('login')
  return (
    <ul className="flex flex-col gap-2">
      {providers.map((provider) => (
        <li key={provider.id} className="flex flex-col">
          <AwayLink href={startLogin(provider, returnPath)}>{t('through', { provider: provider.label })}</AwayLink>
        </li>
      ))}
    </ul>
  )
}
