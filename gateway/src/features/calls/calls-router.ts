// REST: one call of a tool, told as it goes, and the check of a variable.
import { findSaid, toHubError, toProblem, type CallEvent, type CallEvents } from '@mcphub/api'
import type { HeldTools } from '../../access/held-tools.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { DirectCalls } from '../../mcp/downstream/direct-call.ts'
import type { CallNews } from '../../mcp/downstream/direct-sink.ts'
import type { Handlers } from '../../platform/route.ts'
import { listEntitled } from '../entitled.ts'
import { verifyVariable } from './verify-variable.ts'

export interface CallsRouterDeps {
  readonly calls: Pick<DirectCalls, 'prepare'>
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly toolChanges: Pick<HeldTools, 'listHeld'>
}

export function createCallsRouter({
  calls,
  catalog,
  toolChanges,
}: CallsRouterDeps): Handlers<'callTool' | 'verifyVariable'> {
  return {
    callTool({ principal, params, body, requestId }) {
      const { timeoutSeconds } = body
      const call = calls.prepare({
        principal,
        server: params.name,
        tool: params.tool,
        arguments: body.arguments,
        requestId,
        ...(timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 }),
      })
      return async ({ send, signal }) => {
        const tell = (event: CallEvent): void => send(event)
        tell({ event: 'started', data: { requestId } })
        const news: CallNews = {
          progress: (data) => tell({ event: 'progress', data: withSaid(data) }),
          log: (data) => tell({ event: 'log', data }),
        }
        try {
          tell({ event: 'result', data: await call.run(news, signal) })
        } catch (thrown) {
          tell({ event: 'fault', data: { problem: toProblem(toHubError(thrown), requestId) } })
        }
      }
    },
    verifyVariable({ principal, params, signal }) {
      const servers = listEntitled(catalog, principal, toolChanges).map(({ server }) => server)
      return verifyVariable(calls, { principal, variable: params.name, servers, signal })
    },
  }
}

function withSaid(news: CallEvents['progress']): CallEvents['progress'] {
  const said = findSaid(news.message ?? '')
  return said.length === 0 ? news : { ...news, said }
}
