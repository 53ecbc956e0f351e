// REST: running stdio servers. A member sees, reads and stops their own; those that are nobody's (shared, discovery) are for administrators,
// who may stop any but read no person's output.
import { HubError } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { Handlers } from '../../platform/route.ts'
import type { SandboxInfo, Sandboxes } from '../../sandboxes/sandboxes.ts'

type Ids = 'listSandboxes' | 'getSandboxLogs' | 'stopSandbox' | 'listAllSandboxes'

export function createSandboxesRouter({ sandboxes }: { readonly sandboxes: Sandboxes }): Handlers<Ids> {
  const present = (infos: readonly SandboxInfo[]) => ({
    items: infos.map((info) => ({ ...info })),
    separation: { ...sandboxes.separation },
  })
  const find = (id: string, mayTouch: (info: SandboxInfo) => boolean): SandboxInfo => {
    const info = sandboxes.list().find((one) => one.id === id)
    if (info === undefined || !mayTouch(info)) throw unknown()
    return info
  }
  return {
    listSandboxes: ({ principal }) => present(sandboxes.list().filter((info) => isOwn(principal, info))),
    async getSandboxLogs({ principal, params }) {
      // not by the list, which holds only what runs: a sandbox's last words matter most when it has ended
      const found = await sandboxes.logs(params.id)
      if (found === null || !(isOwn(principal, found) || (isAdmin(principal) && found.userId === null))) throw unknown()
      return { id: params.id, text: found.text }
    },
    async stopSandbox({ principal, params, about }) {
      const { id, server } = find(params.id, (info) => isOwn(principal, info) || isAdmin(principal))
      about(`${id} of ${server}`)
      await sandboxes.stopWhere((info) => info.id === id, 'stopped')
      return undefined
    },
    listAllSandboxes: () => present(sandboxes.list()),
  }
}

/** A key that is limited to some servers administers nothing. */
const isAdmin = ({ role, scope }: Principal) => role === 'admin' && scope.servers === null
const unknown = () => new HubError('not_found', 'No such sandbox')
/** A key that is limited to some servers learns nothing of the others. */
const isOwn = ({ userId, scope }: Principal, info: Pick<SandboxInfo, 'userId' | 'server'>) =>
  info.userId === userId && (scope.servers === null || scope.servers.includes(info.server))
