// Started by alone.ts: the API server in memory that this operator's tests have, and a kubelet that says of each pod at once that it is ready. Prints its URL.
import { KubeClient, KubeHttp, PODS, fixedCredentials, isNotFound } from '@mcphub/kube'
import { FakeApiServer } from '@mcphub/kube/testing'
import { SANDBOXES } from './settings.ts'

/** it keeps what it was asked, for tests that look */
const CALLS_KEPT = 1000
const READY = {
  phase: 'Running',
  podIPs: [{ ip: '10.0.0.7' }],
  conditions: [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Ready', status: 'True' },
  ],
}

const api = await FakeApiServer.start()
const kubelet = new KubeClient(
  new KubeHttp({ credentials: fixedCredentials(api.url), userAgent: 'kubelet', maxInFlight: 16 }),
)
api.storage.since(0, ({ type, collection, object }) => {
  if (api.calls.length > CALLS_KEPT) api.forgetCalls()
  if (type !== 'ADDED' || collection !== 'pods') return
  const ref = { namespace: SANDBOXES, name: object.metadata.name }
  // gone already: it slept again
  kubelet
    .patch(PODS, ref, { type: 'merge', body: { status: READY } }, { subresource: 'status' })
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
})
process.stdout.write(`${api.url}\n`)
