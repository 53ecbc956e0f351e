// REST: whether the hub works, and its API as a document; both for anybody, so they say nothing a stranger must not know.
import type { Handlers } from '../../platform/route.ts'
import type { Health } from '../../platform/health.ts'
import { buildOpenApi } from '../../platform/openapi.ts'

export interface HealthRouterDeps {
  /** its check named `database` is shown by itself */
  readonly health: Health
  readonly version: string
  readonly mode: 'local' | 'kubernetes'
}

export function createHealthRouter(deps: HealthRouterDeps): Handlers<'getHealth' | 'getOpenApi'> {
  const document = buildOpenApi(deps.version)
  return {
    async getHealth() {
      const { state, checks } = await deps.health.readiness()
      const database = checks.find((check) => check.name === 'database')
      return {
        status: state === 'ready' ? 'ok' : state === 'stopping' ? 'stopping' : 'degraded',
        version: deps.version,
        mode: deps.mode,
        time: new Date().toISOString(),
        database: database?.ok === false ? 'unavailable' : 'ok',
      }
    },
    getOpenApi: () => document,
  }
}
