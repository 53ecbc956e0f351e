// The three definitions are the whole cluster's: on one that is not ours they are made only where there are none, and taken away only where they were made.
import type { Cluster } from '../cluster/cluster.ts'
import { RELEASE, ROOT } from './settings.ts'

/** `used`: they were there before, and stay. */
export type Definitions = 'made' | 'used'

const GROUP = 'mcphub.io'
const SETTING = 'MCPHUB_E2E_DEFINITIONS'

interface Definition {
  readonly metadata: {
    readonly name: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: { readonly group: string }
}

async function listDefinitions(cluster: Cluster): Promise<Definition[]> {
  const { items } = JSON.parse(await cluster.kubectl(['get', 'crds', '-o', 'json'])) as { items: Definition[] }
  return items.filter(({ spec }) => spec.group === GROUP)
}

/** of a hub that KEEP=1 kept */
const isOfRelease = ({ metadata }: Definition): boolean =>
  metadata.annotations?.['meta.helm.sh/release-name'] === RELEASE

/** This checkout's: others would prove something else. */
const areOurs = (cluster: Cluster): Promise<boolean> =>
  cluster.kubectl(['diff', '--server-side', '--force-conflicts', '-f', `${ROOT}/crds`]).then(
    () => true,
    () => false,
  )

/** A cluster on which nothing may be made: whoever runs this is told, and nothing else. */
export class ClusterTaken extends Error {}

/** @throws ClusterTaken before anything is made when the cluster has definitions that are somebody's */
export async function decideDefinitions(cluster: Cluster): Promise<Definitions> {
  const found = await listDefinitions(cluster)
  // none at all, too
  if (found.every(isOfRelease)) return 'made'
  const names = found.map(({ metadata }) => metadata.name).join(', ')
  const nothing = `This cluster has definitions of ${GROUP} already (${names}); nothing was made.`
  if (!(await areOurs(cluster))) throw new ClusterTaken(`${nothing} They are others than this checkout's.`)
  if (process.env[SETTING] !== 'use')
    throw new ClusterTaken(`${nothing} With ${SETTING}=use the stories use them as they are, and they stay.`)
  return 'used'
}

/** With every object of theirs: only those that were made. */
export async function removeDefinitions(cluster: Cluster, definitions: Definitions): Promise<void> {
  if (definitions === 'used') return
  const names = (await listDefinitions(cluster)).filter(isOfRelease).map(({ metadata }) => metadata.name)
  if (names.length > 0) await cluster.kubectl(['delete', 'crds', ...names, '--ignore-not-found'])
}
