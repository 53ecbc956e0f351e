// The CRDs and manifests of the corpus in a real API server, as `kubectl create` and `kubectl replace` would send them.
import { parseDocuments } from '../../gateway/src/catalog/manifests/documents.ts'
import { KubeError, KubeHttp, readKubeconfig, type KubeObject } from '../../packages/kube/src/index.ts'
import { until } from '../kit/wait-until.ts'
import { readCrds } from './crd-files.ts'
import type { CrdFile } from './crd-files.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
/** As kubectl asks: a field nobody knows is a fault, not dropped. */
const STRICT = 'fieldValidation=Strict'

/** A namespace of its own; what was made goes when it is closed. */
export class CorpusCluster {
  readonly #http: KubeHttp
  readonly #namespace = `crd-corpus-${process.pid}`
  readonly #made: string[] = []

  private constructor(http: KubeHttp) {
    this.#http = http
  }

  static async open(kubeconfig: string): Promise<CorpusCluster> {
    const http = new KubeHttp({ credentials: await readKubeconfig(kubeconfig), userAgent: 'mcphub-test' })
    const cluster = new CorpusCluster(http)
    const metadata = { name: cluster.#namespace }
    await http.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata } })
    cluster.#made.push(`/api/v1/namespaces/${cluster.#namespace}`)
    return cluster
  }

  async close(): Promise<void> {
    for (const path of this.#made.reverse()) await this.#http.request({ method: 'DELETE', path })
    await this.#http.destroy()
  }

  /** The definition as it is, or as it was changed; served when this returns. One that was there before stays. */
  async define(crd: CrdFile): Promise<void> {
    const path = `${CRDS}/${crd.metadata.name}`
    const known = await this.#http.request({ method: 'GET', path }).then(
      () => true,
      () => false,
    )
    const query = 'fieldManager=mcphub-test&force=true'
    await this.#http.request({
      method: 'PATCH',
      path: `${path}?${query}`,
      body: crd,
      contentType: 'application/apply-patch+yaml',
    })
    if (!known) this.#made.push(path)
    const { group, names } = crd.spec
    const list = `/apis/${group}/v1alpha1/namespaces/${this.#namespace}/${names.plural}`
    await until(() => this.#http.request({ method: 'GET', path: list }))
  }

  /** Sends the manifests one after the other, of one name as changes. null when all were taken, else what the last one was refused with. */
  async send(manifests: readonly KubeObject[]): Promise<string | null> {
    const made = new Set<string>()
    try {
      for (const manifest of manifests) {
        const list = this.pathOf(manifest)
        const path = `${list}/${manifest.metadata.name}`
        if (made.has(path)) await this.#replace(path, manifest)
        else await this.#http.request({ method: 'POST', path: `${list}?${STRICT}`, body: manifest })
        made.add(path)
      }
      return null
    } catch (error) {
      if (error instanceof KubeError) return error.message
      throw error
    } finally {
      for (const path of made) await this.#http.request({ method: 'DELETE', path })
    }
  }

  async #replace(path: string, manifest: KubeObject): Promise<void> {
    const { metadata } = await this.#http.request<KubeObject>({ method: 'GET', path })
    const { resourceVersion } = metadata
    const body = { ...manifest, metadata: { ...manifest.metadata, resourceVersion } }
    await this.#http.request({ method: 'PUT', path: `${path}?${STRICT}`, body })
  }

  pathOf({ apiVersion, kind }: KubeObject): string {
    const plural = readCrds().find((crd) => crd.spec.names.kind === kind)!.spec.names.plural
    return `/apis/${apiVersion}/namespaces/${this.#namespace}/${plural}`
  }

  request<T>(method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown): Promise<T> {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    return this.#http.request<T>({ method, path, contentType, ...(body === undefined ? {} : { body }) })
  }
}

export const readManifests = (text: string): KubeObject[] => parseDocuments(text).map(({ data }) => data as KubeObject)
