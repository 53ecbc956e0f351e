// The gateway as a cluster runs it, on one machine: a process in MCPHUB_MODE=kubernetes, the API server, the operator and the kubelet played by the
// bench, and the real shim on loopback before the server.
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CATALOG_KINDS } from '../gateway/src/catalog/resources/kept-resource.ts'
import { buildClusterEnv, freePort, writeClusterFiles } from '../test/kit/cluster-env.ts'
import { FakePods, NAMESPACE } from '../test/kit/fake-pods.ts'
import { TestHub } from '../test/kit/hub.ts'
import { addUsers, startDatabase, type Target } from './targets.ts'

const ROOT = new URL('..', import.meta.url).pathname
const MAIN = join(ROOT, 'gateway/src/main.ts')
/** a start for discovery goes by itself */
const SETTLED_MS = 60_000

export interface ClusterTarget extends Target {
  /** of the one pod that runs. @throws Error when several still do after a minute */
  findShim(): Promise<number>
}

export interface ClusterGatewayOptions {
  readonly server: { readonly name: string; readonly spec: object }
  readonly tool: string
  readonly users: number
}

export const buildShim = (): void => void execFileSync(join(ROOT, 'scripts/build-shim.sh'), { stdio: 'pipe' })

export async function startClusterGateway({ server, tool, users }: ClusterGatewayOptions): Promise<ClusterTarget> {
  buildShim()
  const [pods, database] = await Promise.all([FakePods.start(), startDatabase()])
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-bench-cluster-'))
  const callHomePort = await freePort()
  const env = {
    ...buildClusterEnv({
      ...writeClusterFiles(folder, pods.fake.url),
      address: '127.0.0.1',
      namespace: NAMESPACE,
      internalName: 'localhost',
      peersPort: await freePort(),
      callHomePort,
    }),
    MCPHUB_LOG_LEVEL: 'info',
    MCPHUB_CALLS_PER_USER: '256',
  }
  pods.callHomeUrl = `https://localhost:${callHomePort}/internal/call-home`
  const hub = await new TestHub({ database, env }).start()
  const setUp = { ...process.env, ...env, MCPHUB_DATABASE_URL: database.url, MCPHUB_DATA_DIR: folder }
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'setup-link'], { env: setUp })
  const token = new URL(stdout.trim()).hash.replace(/^#token=/, '')
  const made = await hub.request<{ key: string }>('POST', '/api/setup', { token, username: 'root-admin' }, '')
  hub.adminKey = made.key
  const { name, spec } = server
  await pods.client.create(CATALOG_KINDS.McpServer, { metadata: { name, namespace: NAMESPACE }, spec })
  return {
    name: 'cluster',
    pid: hub.pid,
    port: hub.port,
    tool,
    users: await addUsers(hub, users),
    sendToken: false,
    findShim: () => findShim(pods),
    async stop() {
      await hub.stop()
      await pods.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function findShim(pods: FakePods): Promise<number> {
  for (const end = performance.now() + SETTLED_MS; performance.now() < end; await wait(100)) {
    const [only, ...more] = pods.pods.values()
    if (only?.shim.pid !== undefined && more.length === 0) return only.shim.pid
  }
  throw new Error(`${pods.pods.size} pods run, not one`)
}
