// Asks once, before all checks, what the cluster can prove; a check of something else is skipped, not passed.
import type { TestProject } from 'vitest/node'
import { openCluster } from '../cluster.ts'
import { presentProbes, probeCluster } from '../probes.ts'
import type { Probe } from '../probes.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** the checks that name nodes and addresses know those of our own cluster */
    own: boolean
    proves: readonly Probe['name'][]
  }
}

export default async function prove(project: TestProject): Promise<void> {
  const cluster = await openCluster()
  const probes = await probeCluster(cluster)
  console.log(presentProbes(probes))
  project.provide('own', cluster.own)
  project.provide(
    'proves',
    probes.filter(({ holds }) => holds).map(({ name }) => name),
  )
}
