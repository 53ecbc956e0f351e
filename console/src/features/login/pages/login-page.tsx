// /login: through a provider, by password, or by the one-time link whose token lib/link-token.ts took out of the address.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { queryOf } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { useLinkToken } from '../../../lib/link-token.ts'
import { Loaded } from '../../../ui/loaded.tsx'
import { LoginFault } from '../../../ui/login-fault.tsx'
import { Door, Notice } from '../components/door.tsx'
import { LinkForm } from '../components/link-form.tsx'
import { PasswordForm } from '../components/password-form.tsx'
import { ProviderButtons } from '../components/provider-buttons.tsx'
import { readReturnPath } from '../components/return-path.ts'

export function Page() {
  const t = useText('login')
  const [params] = useSearchParams()
  const query = useQuery(queryOf('getLogin'))
  const [token, giveUp] = useLinkToken()
  const returnPath = readReturnPath(params.get('return'))
  return (
    <Door title={t('title')}>
      <Loaded query={query}>
        {({ transport, setupNeeded, local, providers, publicUrl }) => {
          if (transport !== 'ok') return <Notice>{t('needsHttps', { address: publicUrl ?? 'https://…' })}</Notice>
          if (token !== null) return <LinkForm key={token} token={token} returnPath={returnPath} onGiveUp={giveUp} />
          return (
            <>
              {setupNeeded && <Notice>{t('setupNeeded')}</Notice>}
              <LoginFault query={params} />
              <Ways local={local} providers={providers} returnPath={returnPath} />
              <p className="text-small text-muted">{t('help')}</p>
            </>
          )
        }}
      </Loaded>
    </Door>
  )
}

interface WaysProps extends Pick<RouteResponse<'getLogin'>, 'local' | 'providers'> {
  readonly returnPath: string
}

function Ways({ local, providers, returnPath }: WaysProps) {
  const t = useText('login')
  if (providers.length === 0)
    return local ? <PasswordForm returnPath={returnPath} /> : <Notice>{t('noPassword')}</Notice>
  return (
    <>
      <ProviderButtons providers={providers} returnPath={returnPath} />
      {local && <p className="text-center text-small text-muted">{t('or')}</p>}
      {local && <PasswordForm returnPath={returnPath} />}
    </>
  )
}
