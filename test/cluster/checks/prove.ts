// Asks once, before all checks, what the cluster can prove; a check of something else is skipped, not passed.
import type { TestProject } from 'vitest/node'
import { openCluster } from '../cluster.ts'
import { presentProbes, probeCluster } from '../probes.ts'
import type { Probe } from '../probes.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    proves: readonly Probe['name'][]
  }
}

export default async function prove(project: TestProject): Promise<void> {
  const probes = await probeCluster(await openCluster())
  console.log(presentProbes(probes))
  project.provide(
    'proves',
    probes.filter(({ holds }) => holds).map(({ name }) => name),
  )
}
