// The chart in a real API server, in two namespaces of its own. Only what must be there to judge the rest is really made, and goes again;
// everything else is a dry run.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { KubeError, KubeHttp, readKubeconfig } from '../../packages/kube/src/index.ts'
import { until } from '../kit/wait-until.ts'
import { findProgram, nameOf, render } from './helm.ts'
import type { Manifest, Rendered, Values } from './helm.ts'

const PLURALS: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  PriorityClass: 'priorityclasses',
  Ingress: 'ingresses',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
}
const CLUSTER_KINDS = new Set([
  'Namespace',
  'PriorityClass',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'FlowSchema',
  'PriorityLevelConfiguration',
])

/** Path of its list, or of a namespace. */
export function listPath({ apiVersion, kind, metadata }: Manifest): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`
  return CLUSTER_KINDS.has(kind) ? `${root}/${plural}` : `${root}/namespaces/${metadata.namespace}/${plural}`
}

const run = promisify(execFile)

export class ChartCluster {
  readonly #http: KubeHttp
  readonly #kubeconfig: string
  /** of the release, so that two runs never meet */
  readonly release = `chart${process.pid}`
  readonly hub = `chart-hub-${process.pid}`
  readonly sandboxes = `chart-box-${process.pid}`
  readonly #made: string[] = []

  private constructor(http: KubeHttp, kubeconfig: string) {
    this.#http = http
    this.#kubeconfig = kubeconfig
  }

  static async open(kubeconfig: string): Promise<ChartCluster> {
    const http = new KubeHttp({ credentials: await readKubeconfig(kubeconfig), userAgent: 'mcphub-test' })
    const cluster = new ChartCluster(http, kubeconfig)
    // without PodSecurity, so that what is refused is refused by the chart's own policy
    for (const name of [cluster.hub, cluster.sandboxes]) {
      await cluster.make({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    }
    return cluster
  }

  async close(): Promise<void> {
    // policies first: they would judge the rest
    for (const path of this.#made.reverse()) await this.#http.request({ method: 'DELETE', path }).catch(ignoreMissing)
    await this.#http.destroy()
  }

  render(values: Values = {}): Promise<Rendered> {
    return render(
      { fullnameOverride: this.release, 'sandboxes.namespace.name': this.sandboxes, ...values },
      { release: this.release, namespace: this.hub },
    )
  }

  /** What was there before, definitions of a hub that runs here, is left as it is, also when this is closed. */
  async make(manifest: Manifest): Promise<void> {
    const path = `${listPath(manifest)}/${manifest.metadata.name}`
    const known = await this.#http.request({ method: 'GET', path }).then(
      () => true,
      () => false,
    )
    if (known) return
    this.#made.push(path)
    await this.#apply(manifest, '')
  }

  /** By somebody whose own rights allow it. @throws Error with what kubectl said */
  async makeAs(user: string, manifest: Manifest): Promise<void> {
    const said = await this.as(user, [], ['create', '-f', '-'], manifest)
    if (!said.includes('created')) throw new Error(said)
    this.#made.push(`${listPath(manifest)}/${manifest.metadata.name}`)
  }

  /** null, or why the API server would not take it. */
  dryRun(manifest: Manifest): Promise<string | null> {
    return refusal(() => this.#apply(manifest, '&dryRun=All'))
  }

  /** As `kubectl create --dry-run=server`. */
  create(manifest: Manifest): Promise<string | null> {
    const path = `${listPath(manifest)}?dryRun=All&fieldValidation=Strict`
    return refusal(() => this.#http.request({ method: 'POST', path, body: manifest }))
  }

  #apply(manifest: Manifest, query: string): Promise<unknown> {
    return this.#http.request({
      method: 'PATCH',
      path: `${listPath(manifest)}/${manifest.metadata.name}?fieldManager=chart-test&force=true&fieldValidation=Strict${query}`,
      body: manifest,
      contentType: 'application/apply-patch+yaml',
    })
  }

  get<T>(path: string): Promise<T> {
    return this.#http.request<T>({ method: 'GET', path })
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#http.request<T>({ method: 'POST', path, body })
  }

  /** kubectl as somebody else. What it printed, or its words of refusal. */
  async as(user: string, groups: readonly string[], args: readonly string[], input: unknown): Promise<string> {
    const who = [`--as=${user}`, ...groups.map((group) => `--as-group=${group}`)]
    const child = run(findProgram('kubectl')!, [`--kubeconfig=${this.#kubeconfig}`, ...who, ...args], {
      timeout: 30_000,
    })
    child.child.stdin?.end(JSON.stringify(input))
    const said = await child.catch((error: unknown) => error as { stdout: string; stderr: string })
    return said.stdout + said.stderr
  }

  /** Whether a ServiceAccount may. */
  async may(
    account: string,
    verb: string,
    resource: string,
    where: { namespace?: string; name?: string } = {},
  ): Promise<boolean> {
    const [plural = '', subresource] = resource.split('/')
    const [name = '', ...group] = plural.split('.')
    const resourceAttributes = { verb, group: group.join('.'), resource: name, subresource, ...where }
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${account.split(':')[0]}`, 'system:authenticated']
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: `system:serviceaccount:${account}`, groups, resourceAttributes },
    }
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
    const { status } = await this.post<{ status: { allowed: boolean } }>(path, review)
    return status.allowed
  }

  /** An admission policy is in force a moment after it was made. */
  untilRefused(manifest: Manifest, says: string): Promise<void> {
    return until(async () => {
      const said = await this.create(manifest)
      if (!said?.includes(says)) throw new Error(`${nameOf(manifest)}: ${said ?? 'was taken'}`)
    }, 20_000)
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof KubeError && error.code === 404)) throw error
}

async function refusal(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof KubeError && error.code > 0) return error.message
    throw error
  }
}
