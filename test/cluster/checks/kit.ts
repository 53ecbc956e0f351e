// What the checks share: a namespace of their own that goes with them, hardened pods that answer HTTP, and what a pod can reach.
import { CommandError } from '../commands.ts'
import type { Cluster } from '../cluster.ts'
import { openCluster } from '../cluster.ts'
import { TEST_IMAGE } from '../settings.ts'

export const IMAGE = TEST_IMAGE

/** Port of every server here. */
export const PORT = 8080
const SERVER = `require('node:http').createServer((_, answer) => answer.end(require('node:os').hostname())).listen(${PORT})`

export interface PodOptions {
  readonly labels?: Readonly<Record<string, string>>
  /** merged over the pod's spec */
  readonly spec?: Readonly<Record<string, unknown>>
  /** merged over its one container */
  readonly container?: Readonly<Record<string, unknown>>
}

/** PodSecurity `restricted`, read-only root, no token: what a sandbox of the hub may be. */
export const buildPod = (name: string, { labels, spec, container }: PodOptions = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name, ...labels } },
  spec: {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 0,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'main',
        image: IMAGE,
        imagePullPolicy: 'IfNotPresent',
        command: ['node', '-e', SERVER],
        ports: [{ containerPort: PORT }],
        readinessProbe: { httpGet: { path: '/', port: PORT }, periodSeconds: 1 },
        resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        ...container,
      },
    ],
    ...spec,
  },
})

export interface Scene {
  readonly cluster: Cluster
  readonly namespace: string
  /** kubectl in this namespace */
  kubectl(...args: string[]): Promise<string>
  apply(...objects: object[]): Promise<void>
  /** Why the API server refused it. @throws when it did not */
  refusal(object: object, ...args: string[]): Promise<string>
  /** Applies them all, then waits until each is Ready. */
  startPods(...pods: object[]): Promise<void>
  exec(pod: string, ...command: string[]): Promise<string>
  /** The answer's text, or null when there was none within two seconds. Blocked is dropped, not refused. */
  fetchFrom(pod: string, url: string): Promise<string | null>
  /** Whether a TCP connection opens within a second and a half. */
  connects(pod: string, host: string, port: number): Promise<boolean>
  addressOf(pod: string): Promise<string>
  close(): Promise<void>
}

const FETCH = `
fetch(process.argv[1], { signal: AbortSignal.timeout(2000) })
  .then((answer) => answer.text())
  .then((text) => console.log(JSON.stringify(text)), () => console.log('null'))
  .then(() => process.exit())`

const CONNECT = `
const say = (word) => { console.log(word); process.exit() }
require('node:net').connect(+process.argv[2], process.argv[1], () => say('open')).on('error', () => say('closed'))
setTimeout(say, 1500, 'closed')`

export async function openScene(name: string, labels: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const cluster = await openCluster()
  const namespace = `check-${name}`
  const kubectl = (...args: string[]): Promise<string> => cluster.kubectl(['-n', namespace, ...args])
  const feed = (object: object, ...args: string[]): Promise<string> =>
    cluster.kubectl(['-n', namespace, 'apply', ...args, '-f', '-'], { input: JSON.stringify(object) })
  const apply = async (...objects: object[]): Promise<void> => {
    await feed({ apiVersion: 'v1', kind: 'List', items: objects })
  }
  const exec = (pod: string, ...command: string[]): Promise<string> => kubectl('exec', pod, '--', ...command)

  await cluster.kubectl(['delete', 'namespace', namespace, '--ignore-not-found'])
  await cluster.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }),
  })
  await kubectl('wait', '--for=create', 'serviceaccount/default', '--timeout=20s')
  return {
    cluster,
    namespace,
    kubectl,
    apply,
    refusal: async (object, ...args) => {
      const said = await feed(object, ...args).catch((error: unknown) => {
        if (error instanceof CommandError) return error
        throw error
      })
      if (said instanceof CommandError) return said.stderr
      throw new Error(`was accepted: ${said}`)
    },
    startPods: async (...pods) => {
      await apply(...pods)
      const names = pods.map((pod) => `pod/${(pod as { metadata: { name: string } }).metadata.name}`)
      await kubectl('wait', '--for=condition=Ready', ...names, '--timeout=60s')
    },
    exec,
    fetchFrom: async (pod, url) => JSON.parse(await exec(pod, 'node', '-e', FETCH, url)) as string | null,
    connects: async (pod, host, port) => (await exec(pod, 'node', '-e', CONNECT, host, String(port))).trim() === 'open',
    addressOf: (pod) => kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.podIP}'),
    close: async () => {
      await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false'])
    },
  }
}
