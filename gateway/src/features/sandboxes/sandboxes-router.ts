// REST: running stdio servers. A member sees, reads and stops their own; those that are nobody's (shared, discovery) are for administrators,
// beside their own; they may stop any, but read no person's output.
import { HubError, findSaid, type SandboxResponse } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { DirectCalls } from '../../mcp/downstream/direct-call.ts'
import type { Handlers } from '../../platform/route.ts'
import type { SandboxInfo, Sandboxes } from '../../sandboxes/sandboxes.ts'
import { createOutputFollower } from './follow-output.ts'

export interface SandboxesRouterDeps {
  readonly sandboxes: Sandboxes
  readonly calls: Pick<DirectCalls, 'wake'>
}

type Ids =
  | 'listSandboxes'
  | 'getSandboxLogs'
  | 'streamSandboxLogs'
  | 'restartSandbox'
  | 'stopSandbox'
  | 'listAllSandboxes'

export function createSandboxesRouter({ sandboxes, calls }: SandboxesRouterDeps): Handlers<Ids> {
  const follower = createOutputFollower()
  const present = (infos: readonly SandboxInfo[]) => ({
    items: infos.map(presentSandbox),
    separation: { ...sandboxes.separation },
  })
  const find = async (id: string, mayTouch: (info: SandboxInfo) => boolean): Promise<SandboxInfo> => {
    const info = (await sandboxes.listAll()).find((one) => one.id === id)
    if (info === undefined || !mayTouch(info)) throw unknown()
    return info
  }
  return {
    listSandboxes: async ({ principal }) =>
      present((await sandboxes.listAll()).filter((info) => mayRead(principal, info))),
    async getSandboxLogs({ principal, params }) {
      // not by the list, which holds only what runs: a sandbox's last words matter most when it has ended
      const found = await sandboxes.logs(params.id)
      if (found === null || !mayRead(principal, found)) throw unknown()
      return { id: params.id, text: found.text }
    },
    async streamSandboxLogs({ principal, params: { id }, door }) {
      const first = await sandboxes.output(id, door.lastEventId)
      if (first === null || !mayRead(principal, first)) throw unknown()
      return follower.follow(principal.userId, first, (after) => sandboxes.output(id, after))
    },
    async restartSandbox({ principal, params, about, signal }) {
      const { id, server, sessionId } = await find(params.id, (info) => isOwn(principal, info))
      about(`${id} of ${server}`)
      await sandboxes.stopOne(id)
      // what one session has to itself, that session starts
      if (sessionId === null) await wakeAnew(() => calls.wake(principal, server, signal)).catch(passStarting)
      return undefined
    },
    async stopSandbox({ principal, params, about, changed }) {
      const { id, server, userId, state } = await find(
        params.id,
        (info) => isOwn(principal, info) || isAdmin(principal),
      )
      about(`${id} of ${server}`)
      await sandboxes.stopOne(id)
      if (userId !== principal.userId) changed({ sandbox: id, server, userId, state }, null)
      return undefined
    },
    listAllSandboxes: async ({ query: { userId } }) =>
      present((await sandboxes.listAll()).filter((info) => userId === undefined || info.userId === userId)),
  }
}

function presentSandbox({ progress, ...info }: SandboxInfo): SandboxResponse {
  const { state, lastFault } = info
  switch (state) {
    case 'Starting':
      return { ...info, code: 'starting', ...because(progress) }
    case 'Running':
      return { ...info, code: lastFault === null ? 'running' : 'runningAfterFault', ...because(lastFault) }
    case 'Ending':
      return { ...info, code: 'ending', ...because(null) }
    case 'Failed':
      return { ...info, code: 'failed', ...because(lastFault) }
  }
}

const because = (message: string | null): Pick<SandboxResponse, 'params' | 'said'> =>
  message === null ? { params: {}, said: [] } : { params: { message }, said: findSaid(message) }

/** It takes longer than anybody waits; it goes on, and the list says how. */
/** The one that is being stopped may be met once more while it goes: that it ended then is what was asked for. */
const wakeAnew = (wake: () => Promise<void>): Promise<void> =>
  wake().catch((thrown: unknown) => {
    if (thrown instanceof HubError && ENDED.has(thrown.code)) return wake()
    throw thrown
  })
const ENDED: ReadonlySet<string> = new Set(['upstream_lost', 'sandbox_failed'])

function passStarting(thrown: unknown): void {
  if (!(thrown instanceof HubError && thrown.code === 'sandbox_starting')) throw thrown
}

/** Nobody's output is for administrators, a person's for that person alone. */
const mayRead = (principal: Principal, info: Pick<SandboxInfo, 'userId' | 'server'>) =>
  isOwn(principal, info) || (isAdmin(principal) && info.userId === null)
/** A key that is limited to some servers administers nothing. */
const isAdmin = ({ role, scope }: Principal) => role === 'admin' && scope.servers === null
const unknown = () => new HubError('not_found', 'No such sandbox')
/** A key that is limited to some servers learns nothing of the others. */
const isOwn = ({ userId, scope }: Principal, info: Pick<SandboxInfo, 'userId' | 'server'>) =>
  info.userId === userId && (scope.servers === null || scope.servers.includes(info.server))
