// How large the bench is, and the names in it. Smaller by the environment, to try it: SLEEPING=500 AWAKE=50 MINUTES=1.
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const sized = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)

export const SLEEPING = sized('SLEEPING', 50_000)
export const AWAKE = sized('AWAKE', 5_000)
/** of churn, beside two minutes before it that are not counted */
export const MINUTES = sized('MINUTES', 5)
/** wakes per second of the churn */
export const RATE = sized('RATE', 20)
/** sandboxes that are woken again and again */
export const RESTLESS = Math.min(1000, SLEEPING)
/** how long each is awake then; sent as whole seconds */
export const NAP_MS = 15_000
/** pods of one node of kwok */
export const PODS_PER_NODE = 200

export const HUB = 'mcphub'
export const SANDBOXES = 'mcphub-sandboxes'
export const OPERATOR = `system:serviceaccount:${HUB}:mcphub-operator`
export const GATEWAY = `system:serviceaccount:${HUB}:mcphub-gateway`

/** What one step leaves for the next: kubeconfigs, the operator's program. */
export const FOLDER = join(tmpdir(), 'mcphub-bench-operator')
export const kubeconfigOf = (who: 'gateway' | 'operator'): string => join(FOLDER, `${who}.kubeconfig`)
export const FIGURES_FILE = join(FOLDER, 'figures.json')
