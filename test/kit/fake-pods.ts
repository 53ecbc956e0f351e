// An operator and a kubelet for tests: watches the McpSandboxes of a fake API server and runs the real shim on loopback for each that is awake,
// as pods that the gateway's watch sees. Tests tell pods to fail, to vanish or to be slow.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import {
  CONFIG_MAPS,
  fixedCredentials,
  KubeClient,
  KubeHttp,
  PODS,
  type KubeObject,
  type Resource,
  type Stored,
} from '@mcphub/kube'
import { FakeApiServer, type TokenReviewStatus } from '@mcphub/kube/testing'

export const NAMESPACE = 'boxes'
export const BINARY = path.join(import.meta.dirname, '../../sandbox/out/mcphub-shim')
const FINALIZER = 'test/kubelet'
export const MCP_SANDBOXES: Resource = {
  group: 'mcphub.io',
  version: 'v1alpha1',
  plural: 'mcpsandboxes',
  kind: 'McpSandbox',
  namespaced: true,
}

export interface FakePod {
  readonly name: string
  readonly uid: string
  readonly token: string
  readonly shim: ChildProcess
  /** the McpSandbox it was made for */
  readonly sandbox: string
  readonly shimPort: Promise<number>
}

interface Sandbox extends Stored {
  readonly spec: {
    readonly operatingMode?: string
    readonly activeUntilTime?: string
    readonly serverRef: object
    readonly userGroupRefs?: readonly string[]
  }
}

export class FakePods {
  readonly fake: FakeApiServer
  readonly client: KubeClient
  readonly pods = new Map<string, FakePod>()
  readonly folder = mkdtempSync(path.join(tmpdir(), 'mcphub-pods-'))
  readonly #http: KubeHttp
  readonly #tokens = new Map<string, TokenReviewStatus>()
  readonly #ends: Promise<unknown>[] = []
  readonly #timer: NodeJS.Timeout
  #count = 0
  #isBusy = false
  callHomeUrl = ''
  /** the status that is written instead of making a pod, of all sandboxes or by what their spec says */
  fault: object | ((spec: Sandbox['spec']) => object | null) | null = null
  /** no pod is made while false */
  makesPods = true

  static async start(): Promise<FakePods> {
    const tokens = new Map<string, TokenReviewStatus>()
    const fake = await FakeApiServer.start({
      review: (token, audiences) => {
        const status = tokens.get(token)
        return status?.audiences?.some((one) => audiences.includes(one)) ? status : { authenticated: false }
      },
    })
    const pods = new FakePods(fake, tokens)
    await pods.client.create(CONFIG_MAPS, { metadata: { namespace: NAMESPACE, name: 'mcphub-trust' } })
    return pods
  }

  private constructor(fake: FakeApiServer, tokens: Map<string, TokenReviewStatus>) {
    this.fake = fake
    this.#tokens = tokens
    this.#http = new KubeHttp({ credentials: fixedCredentials(fake.url), userAgent: 'fake-pods' })
    this.client = new KubeClient(this.#http)
    this.#timer = setInterval(() => void this.#reconcile(), 10)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    for (const { shim } of this.pods.values()) shim.kill('SIGKILL')
    await Promise.all(this.#ends)
    await this.#http.destroy()
    await this.fake.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  list(): Sandbox[] {
    return this.fake.storage.list('mcpsandboxes.mcphub.io', NAMESPACE) as unknown as Sandbox[]
  }

  /** Writes of the gateways to McpSandboxes so far. */
  get sandboxWrites(): number {
    return this.fake.calls.filter(
      ({ method, collection, userAgent }) =>
        method !== 'GET' && collection === 'mcpsandboxes.mcphub.io' && userAgent !== 'fake-pods',
    ).length
  }

  /** What a pod's token is worth. */
  issueToken(pod: { name: string; uid: string }, audience = 'mcphub-gateway'): string {
    const token = randomUUID()
    const extra = {
      'authentication.kubernetes.io/pod-name': [pod.name],
      'authentication.kubernetes.io/pod-uid': [pod.uid],
    }
    const user = { username: `system:serviceaccount:${NAMESPACE}:mcphub-sandbox`, extra }
    this.#tokens.set(token, { authenticated: true, user, audiences: [audience] })
    return token
  }

  podOf(sandbox: string): FakePod {
    const pod = [...this.pods.values()].findLast((one) => one.sandbox === sandbox)
    if (pod === undefined) throw new Error(`no pod of ${sandbox}`)
    return pod
  }

  /** As the kubelet, the scheduler or a controller would say it. */
  async setStatus(pod: FakePod, status: object): Promise<void> {
    const ref = { namespace: NAMESPACE, name: pod.name }
    await this.client.patch(PODS, ref, { type: 'merge', body: { status } }, { subresource: 'status' })
  }

  /** Marks it for deletion and lets its shim drain; gone when that has ended. */
  async delete(pod: FakePod, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.client.delete(PODS, { namespace: NAMESPACE, name: pod.name }).catch(() => undefined)
    pod.shim.kill(signal)
  }

  /** One pod more, whoever it belongs to. Its address may be another's. */
  async createPod(owner: Sandbox | null, address = '127.0.0.1'): Promise<KubeObject & Stored> {
    const name = `${owner?.metadata.name ?? 'pool'}-${++this.#count}`
    const reference = owner && {
      apiVersion: 'mcphub.io/v1alpha1',
      kind: 'McpSandbox',
      name: owner.metadata.name,
      uid: owner.metadata.uid,
      controller: true,
    }
    await this.client.create(PODS, {
      metadata: {
        name,
        namespace: NAMESPACE,
        labels: { 'app.kubernetes.io/name': 'mcphub', 'app.kubernetes.io/component': 'sandbox' },
        finalizers: [FINALIZER],
        ...(reference ? { ownerReferences: [reference] } : {}),
      },
    })
    const status = { phase: 'Running', podIPs: [{ ip: address }] }
    const ref = { namespace: NAMESPACE, name }
    return this.client.patch(PODS, ref, { type: 'merge', body: { status } }, { subresource: 'status' })
  }

  async setSandboxStatus(sandbox: Sandbox, status: object): Promise<void> {
    const ref = { namespace: NAMESPACE, name: sandbox.metadata.name }
    await this.client.patch(MCP_SANDBOXES, ref, { type: 'merge', body: { status } }, { subresource: 'status' })
  }

  async #reconcile(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    for (const sandbox of this.list()) await this.#reconcileOne(sandbox).catch(() => undefined)
    const uids = new Set(this.list().map(({ metadata }) => metadata.uid))
    for (const pod of this.pods.values()) if (!this.#isOwned(pod, uids)) await this.delete(pod)
    this.#isBusy = false
  }

  #isOwned(pod: FakePod, uids: ReadonlySet<string>): boolean {
    const object = this.#podObject(pod)
    return object === undefined || (object.metadata.ownerReferences ?? []).some(({ uid }) => uids.has(uid))
  }

  async #reconcileOne(sandbox: Sandbox): Promise<void> {
    const { spec, metadata } = sandbox
    const isAwake = spec.operatingMode !== 'Suspended' && Date.parse(spec.activeUntilTime ?? '') > Date.now()
    const mine = [...this.pods.values()].filter(({ sandbox: of }) => of === metadata.name)
    const living = mine.filter((pod) => this.#podObject(pod)?.metadata.deletionTimestamp === undefined)
    if (!isAwake) return void (await Promise.all(living.map((pod) => this.delete(pod))))
    const fault = typeof this.fault === 'function' ? this.fault(spec) : this.fault
    if (fault !== null) return this.#tellFault(sandbox, fault)
    if (living.length === 0 && this.makesPods) await this.#run(sandbox)
  }

  async #tellFault(sandbox: Sandbox, fault: object): Promise<void> {
    const observedGeneration = sandbox.metadata.generation
    const base = { type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration }
    const { failures, ...condition } = fault as { failures?: object }
    await this.setSandboxStatus(sandbox, { observedGeneration, conditions: [{ ...base, ...condition }], failures })
  }

  #podObject({ name, uid }: FakePod): (KubeObject & Stored) | undefined {
    const found = this.fake.storage
      .list('pods', NAMESPACE)
      .find(({ metadata }) => metadata.name === name && metadata.uid === uid)
    return found as (KubeObject & Stored) | undefined
  }

  async #run(sandbox: Sandbox): Promise<void> {
    const { metadata } = await this.createPod(sandbox)
    const { name, uid } = metadata
    const folder = path.join(this.folder, uid)
    mkdirSync(folder)
    const trust = await this.client.get<{ data?: Record<string, string> }>(CONFIG_MAPS, {
      namespace: NAMESPACE,
      name: 'mcphub-trust',
    })
    const token = this.issueToken({ name, uid })
    writeFileSync(path.join(folder, 'token'), token)
    for (const [file, text] of Object.entries(trust.data ?? {})) writeFileSync(path.join(folder, file), text)
    const shim = spawn(BINARY, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
        MCPHUB_POD_NAME: name,
        MCPHUB_POD_UID: uid,
        MCPHUB_GATEWAY_URL: this.callHomeUrl,
        MCPHUB_TOKEN_FILE: path.join(folder, 'token'),
        MCPHUB_CA_FILE: path.join(folder, 'ca.crt'),
        MCPHUB_KEYS_FILE: path.join(folder, 'keys.pem'),
        MCPHUB_LISTEN: '127.0.0.1:0',
        MCPHUB_DRAIN_MS: '20000',
      },
    })
    const shimPort = readPort(shim.stderr)
    this.pods.set(uid, { name, uid, token, shim, sandbox: sandbox.metadata.name, shimPort })
    this.#ends.push(
      new Promise<void>((resolve) => shim.once('exit', () => resolve())).then(() => this.#bury(uid, name)),
    )
  }

  /** A pod that ended by itself is Failed until somebody deletes it; one that was deleted goes. */
  async #bury(uid: string, name: string): Promise<void> {
    const pod = this.pods.get(uid)!
    const ref = { namespace: NAMESPACE, name }
    await this.client.delete(PODS, ref).catch(() => undefined)
    await this.client
      .patch(PODS, ref, { type: 'merge', body: { metadata: { finalizers: null } } })
      .catch(() => undefined)
    this.pods.delete(pod.uid)
  }
}

async function readPort(stderr: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface(stderr)) {
    const found = /listening on port (\d+)/.exec(line)
    stderr.resume()
    if (found) return Number(found[1])
  }
  throw new Error('the shim ended before it listened')
}
