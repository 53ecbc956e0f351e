// Said on every page while the login at a provider is about to run out, or has: until when, what then, and the way to log in again.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useLocation } from 'react-router'
import { queryOf } from '../lib/api/query.ts'
import { useText } from '../lib/i18n/use-text.ts'
import { chooseProvider, readTerm } from '../lib/login-term.ts'
import { useMe } from '../lib/session.ts'
import { startLogin } from '../lib/start-login.ts'
import { useFormat } from '../lib/use-format.ts'
import { AwayLink } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'

const STEP_MS = 30_000

export function LoginHint() {
  const { loginUntil } = useMe()
  const term = readTerm(loginUntil, useNow())
  return loginUntil === null || term === 'later' ? null : <Hint until={loginUntil} isOver={term === 'over'} />
}

interface HintProps {
  readonly until: string
  readonly isOver: boolean
}

function Hint({ until, isOver }: HintProps) {
  const t = useText('common')
  const format = useFormat()
  const { pathname, search } = useLocation()
  const { data, isPending } = useQuery(queryOf('listAccounts'))
  // where one goes is known with the sentence, so that nothing moves afterwards
  if (isPending) return null
  const provider = chooseProvider(data?.items ?? [])
  const back = pathname + search
  const way = provider === null ? `/login?${new URLSearchParams({ return: back })}` : startLogin(provider, back)
  return (
    <aside aria-label={t('loginEnds.label')} className="px-4 pt-5 md:px-8">
      <div className="mx-auto w-full max-w-6xl">
        <Notice tone={isOver ? 'warn' : 'calm'} action={<AwayLink href={way}>{t('loginEnds.again')}</AwayLink>}>
          {isOver ? t('loginEnds.over') : t('loginEnds.soon', { time: format.time(until) })}
        </Notice>
      </div>
    </aside>
  )
}

/** A page may stay open for days. */
function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), STEP_MS)
    return () => clearInterval(timer)
  }, [])
  return now
}
