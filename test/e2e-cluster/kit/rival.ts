// Somebody else who writes to a McpSandbox as often as the API server lets them: whoever looked at it before has lost the race.
import { setTimeout as wait } from 'node:timers/promises'
import { KubeClient, KubeHttp, readKubeconfig } from '../../../packages/kube/src/index.ts'
import { SANDBOXES } from '../settings.ts'
import { cluster } from './kube.ts'
import { MCP_SANDBOXES } from './ledger.ts'

const PAUSE_MS = 5

/** Until `stop`, which tells how often it wrote. */
export async function startRival(name: string): Promise<{ stop(): Promise<number> }> {
  const http = new KubeHttp({ credentials: await readKubeconfig(cluster.kubeconfig), userAgent: 'rival/1' })
  const kube = new KubeClient(http)
  let writes = 0
  let isOver = false
  const write = async (): Promise<void> => {
    while (!isOver) {
      const body = { metadata: { annotations: { 'example.com/rival': String(writes++) } } }
      await kube.patch(MCP_SANDBOXES, { namespace: SANDBOXES, name }, { type: 'merge', body })
      await wait(PAUSE_MS)
    }
  }
  const writing = write()
  return {
    stop: async () => {
      isOver = true
      await writing
      await http.destroy()
      return writes
    },
  }
}
