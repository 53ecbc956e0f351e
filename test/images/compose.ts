// Starts the services of compose.yaml with testcontainers, field by field: Debian's engine brings no `docker compose`. A field that is not known here is a
// fault, so that nothing in the file goes untested.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { GenericContainer, Network, Wait } from 'testcontainers'
import type { StartedNetwork, StartedTestContainer } from 'testcontainers'
import { run } from '../cluster/commands.ts'

const ROOT = join(import.meta.dirname, '../..')

interface Service {
  readonly image: string
  readonly user: string
  readonly cap_drop: readonly string[]
  readonly cap_add?: readonly string[]
  readonly security_opt: readonly string[]
  readonly read_only: boolean
  readonly tmpfs: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly volumes: readonly string[]
  readonly ports?: readonly string[]
  readonly healthcheck: { readonly test: readonly string[] }
}

const APPLIED = 'image user cap_drop cap_add security_opt read_only tmpfs environment secrets volumes ports healthcheck'
/** Of the engine or of compose itself: nothing that could keep the programs from working. */
const LEFT_OUT = 'build restart depends_on pids_limit shm_size stop_grace_period'
const KNOWN = new Set(`${APPLIED} ${LEFT_OUT}`.split(' '))

export interface ComposeInput {
  readonly env: Readonly<Record<string, string>>
  /** contents by the secrets' names, as files */
  readonly secretFiles: Readonly<Record<string, string>>
  /** a prefix of the named volumes */
  readonly project: string
}

/** `${NAME:-fallback}` as compose fills it. */
const fill = (text: string, env: ComposeInput['env']): string =>
  text.replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_, name: string, fallback: string) => env[name] ?? fallback)

/** After it was read, as compose does: a text that is filled with nothing is empty, not null. */
function fillAll(value: unknown, env: ComposeInput['env']): unknown {
  if (typeof value === 'string') return fill(value, env)
  if (Array.isArray(value)) return value.map((one) => fillAll(one, env))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fillAll(one, env)]))
}

export function readService(name: string, env: ComposeInput['env']): Service {
  const file: unknown = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'))
  const { services } = fillAll(file, env) as { services: Record<string, Service> }
  const service = services[name]
  if (!service) throw new Error(`compose.yaml has no service ${name}`)
  const unknown = Object.keys(service).filter((key) => !KNOWN.has(key))
  if (unknown.length > 0) throw new Error(`the test does not know ${unknown.join(', ')} of compose.yaml`)
  return service
}

const bind = (volume: string, { project }: ComposeInput) => {
  const [source = '', target = '', mode = 'rw'] = volume.split(':')
  const from = source.startsWith('.') ? join(ROOT, source) : `${project}-${source}`
  return { source: from, target, mode: mode as 'rw' | 'ro' }
}

/** The official image's folder belongs to its user, and a new volume begins as the folder was. */
async function ownVolumes(service: Service, input: ComposeInput): Promise<void> {
  for (const volume of service.volumes.filter((one) => !one.startsWith('.'))) {
    const { source } = bind(volume, input)
    const command = ['chown', service.user, '/volume']
    await run([
      'docker',
      'run',
      '--rm',
      '--user=0',
      `--volume=${source}:/volume`,
      '--entrypoint=busybox',
      'localhost/mcphub-e2e-postgres:1',
      ...command,
    ])
  }
}

class ReadOnlyContainer extends GenericContainer {
  withReadOnlyRoot(): this {
    this.hostConfig.ReadonlyRootfs = true
    return this
  }
}

export async function startService(
  name: string,
  input: ComposeInput,
  network: StartedNetwork,
): Promise<StartedTestContainer> {
  const service = readService(name, input.env)
  await ownVolumes(service, input)
  const secrets = service.secrets.map((secret) => ({
    source: input.secretFiles[secret] ?? '',
    target: `/run/secrets/${secret}`,
    mode: 'ro' as const,
  }))
  const [, ...test] = service.healthcheck.test
  if (!service.read_only) throw new Error(`${name}: the root of every service is read-only`)
  const container = new ReadOnlyContainer(service.image)
    .withUser(service.user)
    .withDroppedCapabilities(...service.cap_drop)
    .withAddedCapabilities(...(service.cap_add ?? []))
    .withSecurityOpt(...service.security_opt)
    .withReadOnlyRoot()
    .withTmpFs(Object.fromEntries(service.tmpfs.map((path) => [path, 'rw'])))
    .withEnvironment({ ...service.environment })
    .withBindMounts([...service.volumes.map((volume) => bind(volume, input)), ...secrets])
    .withNetwork(network)
    .withNetworkAliases(name)
    .withHealthCheck({ test: ['CMD', ...test], interval: 500, timeout: 5000, retries: 60 })
    .withWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(120_000)
  const ports = (service.ports ?? []).map((port) => Number(port.split(':').at(-1)))
  return ports.length > 0 ? container.withExposedPorts(...ports).start() : container.start()
}

export const createNetwork = (): Promise<StartedNetwork> => new Network().start()
