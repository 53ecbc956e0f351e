// REST: the hub's checks of itself, and the rotation of the key ring.
import type { Handlers } from '../../platform/route.ts'
import type { FactGatherer } from './gather-facts.ts'
import { runChecks } from './run-checks.ts'

export interface DoctorRouterDeps {
  readonly doctor: Pick<FactGatherer, 'gather'>
  /** A new current key, then every stored value under it. */
  readonly rotateKeyRing: () => Promise<{ readonly keyId: string; readonly resealed: number }>
}

export function createDoctorRouter(deps: DoctorRouterDeps): Handlers<'getDoctor' | 'rotateKeyRing'> {
  let rotating: ReturnType<DoctorRouterDeps['rotateKeyRing']> | null = null
  return {
    getDoctor: async () => ({ items: runChecks(await deps.doctor.gather()) }),
    async rotateKeyRing({ about, changed }) {
      // two at once would only make one key too many
      rotating ??= deps.rotateKeyRing().finally(() => (rotating = null))
      const { keyId, resealed } = await rotating
      about(`key ${keyId}`)
      changed(null, { keyId, resealed })
      return { keyId, resealed }
    },
  }
}
