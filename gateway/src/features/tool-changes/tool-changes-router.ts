// REST: tools whose definition is not the approved one, with both, and the decision on them.
import type { ToolChangeResponse } from '@mcphub/api'
import type { Handlers } from '../../platform/route.ts'
import { listInvisible } from './definition.ts'
import type { ToolChangesService } from './tool-changes-service.ts'
import type { ToolChange } from './tool-changes-store.ts'

export interface ToolChangesRouterDeps {
  readonly toolChanges: Pick<ToolChangesService, 'list' | 'decide'>
}

export function createToolChangesRouter({
  toolChanges,
}: ToolChangesRouterDeps): Handlers<'listToolChanges' | 'decideToolChange'> {
  return {
    async listToolChanges({ query }) {
      const { server, state, cursor, limit } = query
      const { changes, next } = await toolChanges.list({
        limit,
        ...(server === undefined ? {} : { server }),
        ...(state === undefined ? {} : { state }),
        ...(cursor === undefined ? {} : { cursor }),
      })
      return { items: changes.map(present), nextCursor: next }
    },
    async decideToolChange({ params, body, principal, about, changed }) {
      const { before, after } = await toolChanges.decide(params.id, body.decision, principal.userId)
      about(`${after.server} ${after.tool}`)
      changed({ state: before.state, hash: before.sha256 }, { state: after.state, hash: after.sha256 })
      return present(after)
    },
  }
}

function present({ sha256, definition, before, firstSeenAt, decidedAt, ...change }: ToolChange): ToolChangeResponse {
  return {
    ...change,
    before: objectOrNull(before),
    after: objectOrNull(definition),
    hash: sha256,
    invisible: listInvisible(definition),
    firstSeenAt: firstSeenAt.toISOString(),
    decidedAt: decidedAt?.toISOString() ?? null,
  }
}

const objectOrNull = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
