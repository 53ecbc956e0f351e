// How this machine reaches the hub's Service: by its address within our own cluster's network, by port-forward into a cluster of yours.
import type { Cluster } from '../cluster/cluster.ts'
import type { Context } from './context.ts'
import { ServiceForward } from './forward.ts'
import { HUB, RELEASE } from './settings.ts'

export interface Entrance extends Pick<Context, 'url' | 'address'> {
  close(): Promise<void>
}

const NAME = `${RELEASE}.${HUB}.svc`

async function enterOwn(cluster: Cluster): Promise<Entrance> {
  const ask = (path: string): Promise<string> =>
    cluster.kubectl(['-n', HUB, 'get', 'service', RELEASE, '-o', `jsonpath={${path}}`])
  const port = await ask('.spec.ports[0].port')
  return { url: `http://${NAME}:${port}`, address: await ask('.spec.clusterIP'), close: () => Promise.resolve() }
}

async function enterForeign(cluster: Cluster): Promise<Entrance> {
  const forward = new ServiceForward(cluster, HUB, RELEASE)
  const port = await forward.start()
  return { url: `http://${NAME}:${port}`, address: '127.0.0.1', close: () => forward.stop() }
}

export const openEntrance = (cluster: Cluster): Promise<Entrance> =>
  cluster.own ? enterOwn(cluster) : enterForeign(cluster)
