// What is measured: the floor, the usual way, and this gateway with everything on. Each answers for the same fake upstream.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ensureDatabase, ensureRole, withAdmin } from '../launcher/src/postgres/databases.ts'
import { startPostgres } from '../launcher/src/postgres/postgres.ts'
import { startHub, type HubDatabase, type TestHub } from '../test/kit/hub.ts'
import { remote } from '../test/kit/manifests.ts'
import { startTarget } from './processes.ts'

const INSTALLED_MS = 120_000

export interface Target {
  readonly name: string
  readonly pid: number
  readonly port: number
  readonly tool: string
  readonly users: readonly { readonly path: string; readonly token: string }[]
  readonly sendToken: boolean
  readonly stop: () => Promise<void>
}

const PLAIN_USERS = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ path: '/mcp', token: `token-of-user-${index}-abcdef` }))

export interface PlainOptions {
  readonly name: string
  readonly script: string
  readonly args: readonly (string | number)[]
  readonly users: number
  readonly env?: Readonly<Record<string, string>>
}

export async function startPlain({ name, script, args, users, env }: PlainOptions): Promise<Target> {
  const { child, port } = await startTarget(script, args.map(String), env)
  return {
    name,
    pid: child.pid ?? 0,
    port,
    tool: 'echo',
    users: PLAIN_USERS(users),
    sendToken: true,
    stop: async () => void child.kill('SIGKILL'),
  }
}

export async function startDatabase(): Promise<HubDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-bench-'))
  chmodSync(folder, 0o711)
  const postgres = await startPostgres({ folder })
  const owner = { user: 'mcphub', password: 'bench-only' }
  await withAdmin(postgres.adminUrl(), async (client) => {
    await ensureRole(client, owner)
    await ensureDatabase(client, 'mcphub', owner.user)
  })
  return {
    url: postgres.url({ ...owner, database: 'mcphub' }),
    drop: async () => {
      await postgres.stop('immediate')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export interface GatewayOptions {
  readonly upstreamPort: number
  readonly users: number
  /** default: one server at `/mcp` of the upstream, with the user's token in a header */
  readonly manifests?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly tool?: string
}

export interface GatewayTarget extends Target {
  readonly hub: TestHub
}

/** The whole gateway: keys, prefix, header template, context headers, audit to PostgreSQL, metrics. */
export async function startGateway({ upstreamPort, users, ...rest }: GatewayOptions): Promise<GatewayTarget> {
  const header = "    headers:\n      - name: X-Bench-Token\n        value: '${USER_BENCH_TOKEN}'\n"
  const one = { 'bench.yaml': remote('bench', `http://127.0.0.1:${upstreamPort}/mcp`, header) }
  const hub: TestHub = await startHub({
    database: await startDatabase(),
    manifests: rest.manifests ?? one,
    env: { MCPHUB_LOG_LEVEL: 'info', MCPHUB_CALLS_PER_USER: '256', ...rest.env },
  })
  return {
    name: 'mcphub',
    pid: hub.pid,
    port: hub.port,
    tool: rest.tool ?? 'bench__echo',
    users: await addUsers(hub, users),
    sendToken: false,
    stop: () => hub.stop(),
    hub,
  }
}

/** @throws Error when a package of its servers is not installed in time */
export async function waitForPackages(hub: TestHub): Promise<void> {
  interface Listed {
    readonly items: readonly { readonly package: { readonly state: string } | null }[]
  }
  for (const end = performance.now() + INSTALLED_MS; performance.now() < end; await wait(250)) {
    const { items } = await hub.request<Listed>('GET', '/api/servers')
    if (items.length > 0 && items.every((server) => server.package?.state === 'Ready')) return
  }
  throw new Error('the package was not installed in time')
}

export async function addUsers(hub: TestHub, count: number): Promise<Target['users']> {
  const people: { path: string; token: string }[] = []
  for (const { token } of PLAIN_USERS(count)) {
    const user = await hub.addUser(`bench-${people.length}`)
    await hub.setVariables(user.key, { USER_BENCH_TOKEN: token })
    people.push({ path: `/mcp?key=${user.key}`, token })
  }
  return people
}
