// DiscoveryStore in memory.
import type { Discovery, DiscoveryStore } from '../../mcp/discovery/discovery-store.ts'
import { parseBody, toBody } from './discovery-body.ts'

export function createFakeDiscoveryStore(deps: { readonly hasUser: (userId: string) => boolean }): DiscoveryStore {
  const rows = new Map<string, Discovery>()
  const keyOf = (server: string, userId: string | null): string => `${server}/${userId ?? ''}`
  return {
    load: async () => [...rows.values()],
    find: async (server, userId) => rows.get(keyOf(server, userId)) ?? null,
    save: async (discovery) => {
      const { server, userId, configHash, discoveredAt } = discovery
      const key = keyOf(server, userId)
      if (userId !== null && !deps.hasUser(userId)) return
      if ((rows.get(key)?.discoveredAt ?? discoveredAt) > discoveredAt) return
      rows.set(key, { ...parseBody(toBody(discovery))!, server, userId, configHash, discoveredAt })
    },
    forget: async (server, userId) => void rows.delete(keyOf(server, userId)),
  }
}
