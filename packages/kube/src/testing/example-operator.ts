// Copies every ConfigMap labelled `copy: wanted` to one named `<name>-copy` that goes when its owner goes.
import { CONFIG_MAPS, Controller, KubeClient, KubeHttp, Reflector, Store } from '../index.ts'
import { mapToItself, mapToOwner, runOperator, type Credentials, type KubeObject, type Stored } from '../index.ts'

type ConfigMap = KubeObject & Stored
export async function runCopier(credentials: Credentials, signal: AbortSignal): Promise<void> {
  const http = new KubeHttp({ credentials, userAgent: 'copier/1' })
  const client = new KubeClient(http)
  const store = new Store<ConfigMap>()
  const configMaps = new Reflector<ConfigMap>({
    client,
    resource: CONFIG_MAPS,
    query: { namespace: credentials.namespace, labelSelector: 'copy' },
    store,
    transform: ({ metadata: { managedFields: _dropped, ...metadata }, data }) => ({ metadata, data }),
  })

  const controller = new Controller({
    name: 'copier',
    async reconcile({ key }) {
      const source = store.get(key)
      if (source?.metadata.labels?.['copy'] !== 'wanted') return
      const { namespace, name, uid } = source.metadata
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true }
      const metadata = {
        namespace: namespace!,
        name: `${name}-copy`,
        labels: { copy: 'made' },
        ownerReferences: [owner],
      }
      if (JSON.stringify(store.get(`${key}-copy`)?.['data']) === JSON.stringify(source['data'])) return
      await client.apply(CONFIG_MAPS, { metadata, data: source['data'] }, { fieldManager: 'copier', force: true })
    },
  })
  controller.watch(configMaps, mapToItself, 'spec')
  controller.watch(configMaps, mapToOwner('ConfigMap'), 'child')

  await runOperator({ reflectors: [configMaps], controllers: [controller] }, signal)
  await http.destroy()
}
