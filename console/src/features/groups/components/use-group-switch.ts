// Turns a group on or off: shown at once, and taken back where the hub refuses.
import type { RouteResponse } from '@mcphub/api'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../../../lib/api/client.ts'
import type { ApiFault } from '../../../lib/api/fault.ts'
import { queryOf } from '../../../lib/api/query.ts'
import { renew } from '../../../lib/api/renew.ts'

export type Groups = RouteResponse<'listGroups'>
export type Group = Groups['items'][number]

interface Wanted {
  readonly id: string
  readonly active: boolean
}

export function useGroupSwitch() {
  const client = useQueryClient()
  const { queryKey } = queryOf('listGroups')
  // of this group alone: another may have been turned meanwhile
  const show = ({ id, active }: Wanted): void =>
    void client.setQueryData<Groups>(queryKey, (groups) => groups && turn(groups, { id, active }))
  return useMutation<Group, ApiFault, Wanted>({
    gcTime: 0,
    mutationFn: ({ id, active }) => call('setGroupActive', { params: { id }, body: { active } }),
    onMutate: async (wanted) => {
      // an answer that is on its way knows nothing of it
      await client.cancelQueries({ queryKey })
      show(wanted)
    },
    onError: (_, { id, active }) => show({ id, active: !active }),
    onSettled: () => renew(client, ['groups', 'tools', 'servers']),
  })
}

const turn = (groups: Groups, { id, active }: Wanted): Groups => ({
  ...groups,
  items: groups.items.map((group) => (group.id === id ? { ...group, active } : group)),
})
