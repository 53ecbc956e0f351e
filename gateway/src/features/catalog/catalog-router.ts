// REST: the manifests of servers and groups, checked before they are saved, and the catalogue as a settings file.
import { HubError, type CatalogKind, type ManifestResponse } from '@mcphub/api'
import type { Catalog, CatalogServer } from '../../catalog/catalog.ts'
import { withSpec } from '../../catalog/manifests/manifest-text.ts'
import type { ManifestName, StoredManifest } from '../../catalog/writer.ts'
import type { Call, Handlers } from '../../platform/route.ts'
import type { CatalogService } from './catalog-service.ts'
import { emptyDocument } from './check-manifest.ts'
import type { KnownPerson } from './people.ts'
import { presentSpecs, withoutSecrets } from './present-change.ts'
import { writeSettingsFile } from './settings-file.ts'

export interface CatalogRouterDeps {
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly manifests: CatalogService
  readonly people: () => Promise<readonly KnownPerson[]>
}

type Ids =
  | 'getServerManifest'
  | 'putServerManifest'
  | 'deleteServerManifest'
  | 'getGroupManifest'
  | 'putGroupManifest'
  | 'deleteGroupManifest'
  | 'checkManifest'
  | 'getCatalogState'
  | 'getSettingsFile'

export function createCatalogRouter(deps: CatalogRouterDeps): Handlers<Ids> {
  const { manifests, catalog } = deps
  const server = (name: string): ManifestName => ({ kind: 'McpServer', name })
  const group = (name: string): ManifestName => ({ kind: 'UserGroup', name })
  return {
    async getServerManifest({ params, principal }) {
      const manifest = await read(deps, server(params.name))
      return principal.role === 'admin' ? manifest : withoutItsSecrets(manifest)
    },
    putServerManifest: (call) => put(deps, server(call.params.name), call),
    deleteServerManifest: (call) => remove(deps, server(call.params.name), call),
    getGroupManifest: ({ params }) => read(deps, group(params.name)),
    putGroupManifest: (call) => put(deps, group(call.params.name), call),
    deleteGroupManifest: (call) => remove(deps, group(call.params.name), call),
    checkManifest: ({ body }) =>
      body.remove === undefined
        ? manifests.check(body.yaml ?? '', body.wanted ?? null)
        : manifests.checkRemoval(body.remove),
    async getCatalogState() {
      const { revision } = catalog.snapshot()
      return { revision, readOnly: await manifests.checkWritable() }
    },
    getSettingsFile({ principal }) {
      const { servers } = catalog.snapshot()
      return writeSettingsFile({ servers: principal.role === 'admin' ? servers : mapSpecs(servers) })
    },
  }
}

async function read({ manifests }: CatalogRouterDeps, name: ManifestName): Promise<ManifestResponse> {
  const stored = await manifests.read(name)
  if (stored === null) throw new HubError('not_found', `There is no ${name.kind} "${name.name}"`)
  return present(name, stored)
}

const present = (name: ManifestName, { spec, owners, ...rest }: StoredManifest): ManifestResponse => ({
  ...name,
  ...rest,
  owners: [...owners],
  spec: typeof spec === 'object' && spec !== null && !Array.isArray(spec) ? { ...spec } : {},
})

/** For auditors. Written anew, since a comment may say what a value is. */
function withoutItsSecrets(manifest: ManifestResponse): ManifestResponse {
  const spec = withoutSecrets(manifest.spec) as ManifestResponse['spec']
  return { ...manifest, spec, yaml: withSpec(emptyDocument(manifest.kind, manifest.name), spec) }
}

const mapSpecs = (servers: ReadonlyMap<string, CatalogServer>): Map<string, CatalogServer> =>
  new Map(
    // only texts became others
    [...servers].map(([name, server]) => [
      name,
      { ...server, spec: withoutSecrets(server.spec) as typeof server.spec },
    ]),
  )

async function put(
  deps: CatalogRouterDeps,
  name: ManifestName,
  call: Call<'putServerManifest' | 'putGroupManifest'>,
): Promise<ManifestResponse> {
  const { before, manifest } = await deps.manifests.put(name, call.body)
  await tell(deps, name.kind, call, { before, after: manifest.spec })
  return present(name, manifest)
}

async function remove(
  deps: CatalogRouterDeps,
  name: ManifestName,
  call: Call<'deleteServerManifest' | 'deleteGroupManifest'>,
): Promise<undefined> {
  const before = await deps.manifests.remove(name, call.query.version)
  await tell(deps, name.kind, call, { before, after: null })
  return undefined
}

/** For the audit. Handles are looked up for groups alone. */
async function tell(
  { people }: CatalogRouterDeps,
  kind: CatalogKind,
  call: Pick<Call<'putGroupManifest'>, 'changed'>,
  specs: { readonly before: unknown; readonly after: unknown },
): Promise<void> {
  const ids = new Map(kind === 'UserGroup' ? (await people()).map(({ id, username }) => [username, id]) : [])
  const { before, after } = presentSpecs(kind, specs, (username) => ids.get(username) ?? null)
  call.changed(before, after)
}
