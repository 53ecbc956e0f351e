// Why the way through a provider did not lead in, as the address one came back to says it: one sentence, and the request id to hand on.
import { useText } from '../lib/i18n/use-text.ts'
import { isLoginFault } from '../lib/login-faults.ts'
import { CopyButton } from './copy.tsx'
import { Icon } from './icon.tsx'

/** `query`: of the page's own address; without a fault nothing is shown. */
export function LoginFault({ query }: { readonly query: URLSearchParams }) {
  const t = useText('errors')
  const common = useText('common')
  const fault = query.get('fault')
  const request = query.get('request') ?? ''
  if (fault === null) return null
  return (
    <div role="alert" className="flex flex-col gap-2 rounded-md bg-bad-soft px-3 py-2 text-bad">
      <p className="flex items-start gap-2">
        <Icon name="alert" />
        <span>{t(`login.${isLoginFault(fault) ? fault : 'hub_fault'}`)}</span>
      </p>
      {REQUEST.test(request) && (
        <p className="flex flex-wrap items-center gap-2 text-small">
          <span>{common('fault.request')}</span>
          <code>{request}</code>
          <CopyButton text={request} label={common('fault.copyRequest')} />
        </p>
      )}
    </div>
  )
}

/** Anybody can write an address: nothing else of it is shown. */
const REQUEST = /^[\w-]{8,64}$/
