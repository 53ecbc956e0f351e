// Puts the hub into the cluster as an administrator does: `helm install`, then the one-time set-up link, found by the command of the notes.
import { dirname } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { attempt, inNetwork, run, waitUntil } from '../cluster/commands.ts'
import { program } from '../cluster/settings.ts'
import type { Probe } from '../cluster/probes.ts'
import type { Context } from './context.ts'
import { readContext } from './context.ts'
import type { Definitions } from './definitions.ts'
import { removeDefinitions } from './definitions.ts'
import type { Delivered } from './delivery.ts'
import type { Entrance } from './entrance.ts'
import type { Registry } from './registry.ts'
import { CHART, HUB, REGISTRY, RELEASE, SANDBOXES } from './settings.ts'

/** For commands that find the cluster by themselves: the ones the notes print. */
export const toolEnv = (cluster: Cluster): NodeJS.ProcessEnv => ({
  ...process.env,
  KUBECONFIG: cluster.kubeconfig,
  PATH: `${dirname(program('helm'))}:${process.env['PATH'] ?? ''}`,
})

const within = (cluster: Cluster, command: readonly string[]): string[] =>
  cluster.own ? inNetwork(command) : [...command]

/** Helm in the hub's namespace. @throws CommandError with Helm's own words */
export const runHelm = (cluster: Cluster, args: readonly string[]): Promise<string> =>
  run(within(cluster, ['helm', '--namespace', HUB, ...args]), { env: toolEnv(cluster), timeoutMs: 300_000 })

const splitImage = (image: string): { registry: string; repository: string; tag: string } => {
  const [, registry = '', repository = '', tag = ''] = /^(.*)\/([^/:]+):(.+)$/.exec(image) ?? []
  return { registry, repository, tag }
}

export interface Surroundings {
  readonly images: Delivered
  readonly registry: Registry
  readonly definitions: Definitions
  readonly probes: readonly Probe[]
}

const holds = (probes: readonly Probe[], name: Probe['name']): boolean =>
  probes.some((probe) => probe.name === name && probe.holds)

/** What differs from an installation without values: where images and packages come from, what the cluster has not, and room on a small machine. */
export function buildValues(cluster: Cluster, { images, registry, definitions, probes }: Surroundings): object {
  const small = { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '1Gi' } }
  // ours gives every claim a volume (volumes.ts)
  const persistence = { enabled: cluster.own || holds(probes, 'default StorageClass') }
  return {
    crds: { enabled: definitions === 'made' },
    images: {
      registry: images.registry,
      tag: images.tag,
      pullPolicy: 'IfNotPresent',
      sandboxNode: { digest: images.sandboxNodeDigest },
      database: splitImage(images.postgres),
    },
    gateway: { resources: small, logLevel: 'debug' },
    operator: { resources: small, logLevel: 'debug' },
    database: { bundled: { resources: small, persistence } },
    sandboxes: {
      shimDelivery: holds(probes, 'image volumes') ? 'ImageVolume' : 'InitContainer',
      registry: { url: registry.url, cidrs: [registry.cidr] },
    },
  }
}

export async function installHub(cluster: Cluster, surroundings: Surroundings): Promise<void> {
  const command = [
    'helm',
    '--namespace',
    HUB,
    'upgrade',
    '--install',
    RELEASE,
    CHART,
    '--create-namespace',
    '--values',
    '-',
  ]
  await run(within(cluster, [...command, '--wait', '--timeout', '180s']), {
    env: toolEnv(cluster),
    input: JSON.stringify(buildValues(cluster, surroundings)),
    timeoutMs: 300_000,
  })
}

/** The command that the notes print for the set-up link: the one that reads it out of the cluster. */
export async function readSetupCommand(cluster: Cluster): Promise<string> {
  const notes = await runHelm(cluster, ['get', 'notes', RELEASE])
  const command = notes.split('\n').find((line) => /^\s*kubectl .*(logs|exec|get secret)/.test(line))
  if (!command) throw new Error(`The notes name no command for the set-up link:\n${notes}`)
  return command.trim()
}

async function readSetupToken(cluster: Cluster): Promise<string> {
  const command = await readSetupCommand(cluster)
  const said = await run(within(cluster, ['sh', '-c', command]), { env: toolEnv(cluster) })
  const token = /#token=([\w-]+)/.exec(said)?.[1]
  if (!token) throw new Error(`\`${command}\` printed no link: ${said.slice(0, 400)}`)
  return token
}

interface CurlAnswer {
  readonly status: number
  readonly body: string
}

/** The runner stands outside the cluster's network, the stories within it. */
async function ask(
  cluster: Cluster,
  { url, address }: Entrance,
  [path = '', ...args]: readonly string[],
): Promise<CurlAnswer> {
  const { hostname, port } = new URL(url)
  const there = ['--connect-to', `${hostname}:${port || '80'}:${address ?? hostname}:`]
  const form = ['curl', '-sS', '--max-time', '20', ...there, '-w', '\n%{http_code}']
  const said = await run(within(cluster, [...form, ...args, `${url}${path}`]))
  const cut = said.lastIndexOf('\n')
  return { status: Number(said.slice(cut + 1)), body: said.slice(0, cut) }
}

async function isKnown(cluster: Cluster, entrance: Entrance, key: string): Promise<boolean> {
  const { status } = await ask(cluster, entrance, ['/api/user/me', '-H', `Authorization: Bearer ${key}`])
  return status === 200
}

async function setUp(cluster: Cluster, entrance: Entrance): Promise<string> {
  const body = JSON.stringify({ token: await readSetupToken(cluster), username: 'root-admin' })
  const answer = await ask(cluster, entrance, ['/api/setup', '-H', 'content-type: application/json', '-d', body])
  const { key } = JSON.parse(answer.body) as { key?: string }
  if (!key) throw new Error(`The set-up answered ${answer.status}: ${answer.body}`)
  return key
}

/** An administrator's key; of a hub that an earlier run kept, that run's key. */
export async function enterHub(cluster: Cluster, entrance: Entrance): Promise<Pick<Context, 'adminKey'>> {
  const isReady = async (): Promise<boolean> => (await ask(cluster, entrance, ['/readyz'])).status === 200
  await waitUntil('the hub answers through its Service', isReady)
  const kept = readContext()
  const adminKey =
    kept && (await isKnown(cluster, entrance, kept.adminKey)) ? kept.adminKey : await setUp(cluster, entrance)
  return { adminKey }
}

/** From a cluster that stays: what `helm uninstall` leaves on purpose goes too. */
export async function removeHub(cluster: Cluster, definitions: Definitions): Promise<void> {
  await attempt(within(cluster, ['helm', '--namespace', HUB, 'uninstall', RELEASE, '--wait']), {
    env: toolEnv(cluster),
  })
  await cluster.kubectl(['delete', 'namespace', SANDBOXES, HUB, REGISTRY, '--ignore-not-found'])
  await removeDefinitions(cluster, definitions)
}
