// Ends the console session: on the hub, and of everything this browser was told.
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from 'react-router'
import { useChange } from '../lib/api/query.ts'
import { useFaultText } from '../ui/fault.tsx'
import { toast } from '../ui/toast.tsx'

export function useSignOut(): { readonly signOut: () => void; readonly isPending: boolean } {
  const client = useQueryClient()
  const navigate = useNavigate()
  const tell = useFaultText()
  const { mutate, isPending } = useChange('logout', {
    onDone: () => {
      void Promise.resolve(navigate('/login', { replace: true })).then(() => client.removeQueries())
    },
  })
  return { signOut: () => mutate({}, { onError: (fault) => toast(tell(fault)) }), isPending }
}
