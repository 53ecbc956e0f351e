// What happens when somebody has come in: nothing of whoever was here before is left, their language and theme are taken over, and they
// go where they wanted to.
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from 'react-router'
import { forgetLinkToken } from '../../../lib/link-token.ts'
import { changePrefs } from '../../../lib/prefs.ts'
import { meQuery, type Me } from '../../../lib/session.ts'

export function useEnter(): (me: Me, path: string) => Promise<void> {
  const client = useQueryClient()
  const navigate = useNavigate()
  return async (me, path) => {
    forgetLinkToken()
    client.removeQueries()
    client.setQueryData(meQuery().queryKey, me)
    const { language, theme } = me.preferences
    if (language !== null || theme !== null)
      await changePrefs({ ...(language && { language }), ...(theme && { theme }) })
    await navigate(path, { replace: true })
  }
}
