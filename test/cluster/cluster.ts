// The cluster tests run against: the one KUBECONFIG points to, which is only used, or the project's own, which is brought up when it is not.
import { dirname } from 'node:path'
import type { RunOptions } from './commands.ts'
import { run } from './commands.ts'
import { removeSecondNode, stopNode, takeDown } from './down.ts'
import { addSecondNode, bringUp, isUp, kubectl, loadImage } from './own-cluster.ts'
import { KUBECONFIG, NODE2, program } from './settings.ts'
import type { Stages } from './stages.ts'
import { createStages } from './stages.ts'

export interface Cluster {
  readonly kubeconfig: string
  /** made by this harness: images are loaded, nodes come and go on demand */
  readonly own: boolean
  /** What kubectl printed. @throws CommandError with kubectl's own words */
  kubectl(args: readonly string[], options?: RunOptions): Promise<string>
  /** Makes an OCI archive's image known to every node. @throws on a foreign cluster without MCPHUB_CLUSTER_LOAD_IMAGE */
  loadImage(archive: string): Promise<void>
  /** A second node, `node2`. @throws on a foreign cluster */
  addNode(): Promise<void>
  /** Pulls the second node's plug: its processes end, and nobody tells the API server. */
  loseNode(): Promise<void>
  /** Lost or not: the node is gone, and so is its Node. */
  removeNode(): Promise<void>
  /** Ends what `openCluster` started, and nothing that was there before. */
  stop(): Promise<void>
}

const HOOK = 'MCPHUB_CLUSTER_LOAD_IMAGE'

/** The command of the hook, an image archive as its last argument: `kind load image-archive`. */
async function loadByHook(archive: string): Promise<void> {
  const command = process.env[HOOK]
  if (!command) throw new Error(`Set ${HOOK} to a command that loads an image archive into your cluster's nodes.`)
  await run(['sh', '-c', `${command} "$1"`, 'sh', archive], { timeoutMs: 600_000 })
}

function openForeign(kubeconfig: string): Cluster {
  // this machine's own kubectl, or else the one that was built for the harness
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:${dirname(program('kubectl'))}` }
  const refuse = (): Promise<never> => Promise.reject(new Error('This cluster is not ours: its nodes are its own.'))
  return {
    kubeconfig,
    own: false,
    kubectl: (args, options) => run(['kubectl', `--kubeconfig=${kubeconfig}`, ...args], { env, ...options }),
    loadImage: loadByHook,
    addNode: refuse,
    loseNode: refuse,
    removeNode: refuse,
    stop: () => Promise.resolve(),
  }
}

/** The kubeconfig of a cluster that is not ours, or null. */
export const findForeign = (env: NodeJS.ProcessEnv): string | null => {
  const given = env['KUBECONFIG']
  return given && given !== KUBECONFIG ? given : null
}

/** @throws with the stage that failed and the last lines of the log that tells why */
export async function openCluster(stages: Stages = createStages()): Promise<Cluster> {
  const foreign = findForeign(process.env)
  if (foreign) return openForeign(foreign)
  const found = isUp()
  if (!found) await bringUp(stages)
  return {
    kubeconfig: KUBECONFIG,
    own: true,
    kubectl,
    loadImage,
    addNode: addSecondNode,
    loseNode: () => stopNode(NODE2),
    removeNode: removeSecondNode,
    stop: () => (found ? Promise.resolve() : takeDown()),
  }
}
