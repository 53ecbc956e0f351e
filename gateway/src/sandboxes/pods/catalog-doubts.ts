// What sandboxes name and the catalogue lacks. They outlive the gateways: at its first list a gateway remembers nothing, and a list may come back
// short. Until it is certain that a group is gone, nobody loses what they have through it.
import type { Catalog } from '../../catalog/catalog.ts'
import type { ResourceKind } from '../../catalog/manifests/parse.ts'
import type { SandboxLog } from '../process/config.ts'
import type { ClusterView } from './cluster-view.ts'
import type { SandboxView } from './resources.ts'

/** Of these those that are there. @throws KubeError */
export type FindThere = (kind: ResourceKind, names: Iterable<string>) => Promise<ReadonlySet<string>>

export class CatalogDoubts {
  readonly #catalog: Pick<Catalog, 'snapshot'>
  readonly #findThere: FindThere

  constructor(catalog: Pick<Catalog, 'snapshot'>, findThere: FindThere) {
    this.#catalog = catalog
    this.#findThere = findThere
  }

  /** It names a group that is there, though the catalogue lacks it. @throws KubeError when that cannot be known now */
  async concern(sandbox: SandboxView | undefined): Promise<boolean> {
    const { groups } = this.#catalog.snapshot()
    const missing = (sandbox?.spec.userGroupRefs ?? []).filter((name) => !groups.has(name))
    return missing.length > 0 && (await this.#findThere('UserGroup', missing)).size > 0
  }

  /** Whatever any sandbox names and the catalogue lacks is asked for: what is there is listed again then. Resolves with the last answer. */
  async check(view: Pick<ClusterView, 'listSandboxes'>, log: SandboxLog): Promise<void> {
    const { servers, groups } = this.#catalog.snapshot()
    const specs = view.listSandboxes().map(({ spec }) => spec)
    const missing = {
      McpServer: specs.map(({ serverRef }) => serverRef.name).filter((name) => !servers.has(name)),
      UserGroup: specs.flatMap(({ userGroupRefs = [] }) => userGroupRefs).filter((name) => !groups.has(name)),
    }
    try {
      await Promise.all([
        this.#findThere('McpServer', missing.McpServer),
        this.#findThere('UserGroup', missing.UserGroup),
      ])
    } catch (error) {
      log.warn({ err: error }, 'what sandboxes name and the catalogue lacks could not be asked for')
    }
  }
}
