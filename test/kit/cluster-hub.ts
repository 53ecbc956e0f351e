// A hub as a cluster runs it, without the cluster: gateways in MCPHUB_MODE=kubernetes as processes, each with a loopback address of its own for its
// pod's, on one database and one key ring, with an API server in memory.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { KubeClient, KubeHttp, fixedCredentials } from '@mcphub/kube'
import { FakeApiServer } from '@mcphub/kube/testing'
import { CATALOG_KINDS } from '../../gateway/src/catalog/resources/kept-resource.ts'
import { buildClusterEnv, freePort, writeClusterFiles } from './cluster-env.ts'
import { TestHub } from './hub.ts'
import { createDatabase } from './postgres.ts'

const MAIN = new URL('../../gateway/src/main.ts', import.meta.url).pathname
const NAMESPACE = 'boxes'

export interface ClusterHub {
  readonly api: FakeApiServer
  readonly gateways: readonly [TestHub, TestHub]
  /** what `setup-link` printed */
  readonly setupLink: string
  addServer(name: string, spec: object): Promise<unknown>
  putGroup(name: string, spec: object): Promise<unknown>
  /** Another process of the same hub. @throws Error with what it wrote when it fails */
  runMain(args: readonly string[], more?: Readonly<Record<string, string>>): Promise<string>
  stop(): Promise<void>
}

/** `wrapDatabase`: the URL as the gateways are told it, e.g. through a socket that can be cut. `clockAheadMs`: of the API server, to the gateways'. */
export async function startClusterHub(
  options: { readonly wrapDatabase?: (url: string) => Promise<string>; readonly clockAheadMs?: number } = {},
): Promise<ClusterHub> {
  const api = await FakeApiServer.start()
  api.clockAheadMs = options.clockAheadMs ?? 0
  const http = new KubeHttp({ credentials: fixedCredentials(api.url), userAgent: 'test' })
  const client = new KubeClient(http)
  const configMap = { metadata: { name: 'mcphub-trust', namespace: NAMESPACE }, data: {} }
  await client.create(
    { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
    configMap,
  )
  const database = await createDatabase()
  const url = (await options.wrapDatabase?.(database.url)) ?? database.url
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-cluster-'))
  const files = writeClusterFiles(folder, api.url)
  const peersPort = await freePort()
  const envOf = async (address: string): Promise<Record<string, string>> =>
    buildClusterEnv({
      ...files,
      address,
      namespace: NAMESPACE,
      internalName: 'mcphub-internal.hub.svc',
      peersPort,
      callHomePort: await freePort(),
    })
  const shared = { url, drop: async () => undefined }
  const hubs: TestHub[] = []
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    hubs.push(new TestHub({ database: shared, env: await envOf(address) }))
  }
  const [one, two] = hubs as [TestHub, TestHub]
  // at once, on an empty database
  await Promise.all([one.start(), two.start()])
  const env = { ...process.env, ...(await envOf('127.0.0.1')), MCPHUB_DATABASE_URL: url, MCPHUB_DATA_DIR: folder }
  const runMain: ClusterHub['runMain'] = async (args, more = {}) =>
    (await promisify(execFile)(process.execPath, [MAIN, ...args], { env: { ...env, ...more } })).stdout.trim()
  const setupLink = await runMain(['setup-link'])
  const token = new URL(setupLink).hash.replace(/^#token=/, '')
  const { key } = await one.request<{ key: string }>('POST', '/api/setup', { token, username: 'root-admin' }, '')
  for (const hub of hubs) hub.adminKey = key
  return {
    api,
    gateways: [one, two],
    setupLink,
    runMain,
    addServer: (name, spec) =>
      client.create(CATALOG_KINDS.McpServer, { metadata: { name, namespace: NAMESPACE }, spec }),
    putGroup: (name, spec) =>
      client.apply(
        CATALOG_KINDS.UserGroup,
        { metadata: { name, namespace: NAMESPACE }, spec },
        { fieldManager: 'test', force: true },
      ),
    async stop() {
      for (const hub of hubs) await hub.stop()
      await http.destroy()
      await api.stop()
      await database.drop()
      rmSync(folder, { recursive: true })
    },
  }
}
