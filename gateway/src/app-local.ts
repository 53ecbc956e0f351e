// Composition on one machine: a folder of manifests, child processes, npm packages in the data folder, no other replica.
import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine, EngineContext, Ground, OnStop } from './app-engine.ts'
import type { Catalog, CatalogServer, CatalogSnapshot } from './catalog/catalog.ts'
import { createManifestCatalog } from './catalog/manifests/manifest-catalog.ts'
import { createManifestWriter } from './catalog/manifests/manifest-writer.ts'
import type { ManifestName } from './catalog/writer.ts'
import type { Config } from './config.ts'
import { createLonePeers } from './mcp/downstream/peers.ts'
import { createNpmPackages, type NpmPackages } from './packages/npm-packages.ts'
import type { Logger } from './platform/logger.ts'
import { createProcessSandboxes } from './sandboxes/process/process-sandboxes.ts'
import { sweepOrphans } from './sandboxes/process/sweep.ts'

/** Ends what an earlier, killed gateway of this data folder left behind. */
export const sweep = (config: Config): Promise<object> =>
  sweepOrphans({ hubMark: readHubMark(config), dataDir: config.dataDir })

export async function openLocal(config: Config, folder: string, logger: Logger, onStop: OnStop): Promise<Ground> {
  const catalog = createManifestCatalog({
    folder,
    log: logger.child({ part: 'catalog' }),
    lastGoodFile: `${config.dataDir}/catalog-last-good.json`,
  })
  await catalog.start()
  onStop('catalog', () => catalog.stop())
  const writer = createManifestWriter({ folder, fileOf: (name) => fileOf(catalog.snapshot(), name) })
  const openHere = (context: EngineContext): Promise<Engine> => openEngine(config, catalog, logger, context)
  return { catalog, writer, readOperator: async () => null, openEngine: openHere }
}

function fileOf({ declarations }: CatalogSnapshot, { kind, name }: ManifestName): string | null {
  const origin = declarations?.get(`${kind}/${name}`)?.origin
  return origin !== undefined && 'file' in origin ? origin.file : null
}

/** The mark every child of this data folder carries; made once, so that the next start knows the children of a killed one. */
function readHubMark(config: Config): string {
  if (config.hubMark !== null) return config.hubMark
  const file = join(config.dataDir, 'hub-mark')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    const mark = randomBytes(16).toString('hex')
    writeFileSync(file, mark, { mode: 0o600, flag: 'wx' })
    return mark
  }
}

async function openEngine(config: Config, catalog: Catalog, logger: Logger, context: EngineContext): Promise<Engine> {
  const { storage, sandboxMetrics, onProgress } = context
  onProgress('Ending what an earlier run may have left behind')
  await sweep(config)
  const hubMark = readHubMark(config)
  const packages = createNpmPackages({
    dataDir: config.dataDir,
    nodePath: config.nodePath,
    npmrc: config.npmrc,
    proxy: config.proxy,
    hubMark,
    log: logger.child({ part: 'packages' }),
    onProgress,
  })
  const sandboxes = createProcessSandboxes({
    config: {
      dataDir: config.dataDir,
      nodePath: config.nodePath,
      hubMark,
      limits: {
        startMs: config.sandboxStartMs,
        idleMs: config.sandboxIdleMs,
        perUser: config.sandboxesPerUser,
        isolatedPerUser: config.sandboxesPerUser,
      },
    },
    packages,
    // keyed by the hub's own id, not by the ring: kept folders must outlive a rotation
    deriveId: (parts) => createHmac('sha256', storage.hubId).update(JSON.stringify(parts)).digest('hex').slice(0, 32),
    log: logger.child({ part: 'sandboxes' }),
    metrics: sandboxMetrics,
  })
  return {
    packages,
    sandboxes,
    peers: createLonePeers(),
    keepReady: (onReady) => {
      const end = keepPackagesInstalled(catalog, packages, logger, onReady)
      return () => {
        end()
        return packages.stop()
      }
    },
  }
}

/** Installs what the catalogue names: at the start, and for each server that comes or changes. */
function keepPackagesInstalled(
  catalog: Catalog,
  packages: NpmPackages,
  logger: Logger,
  onReady: (server: string) => void,
): () => void {
  const ensureAll = (servers: Iterable<CatalogServer>): void => {
    for (const { name, spec } of servers) {
      if (!spec.enabled || !spec.stdio?.package) continue
      packages.ensure(spec.stdio.package).then(
        (state) => {
          if (state.state === 'Ready') onReady(name)
        },
        (error: unknown) => logger.warn({ server: name, err: error }, 'a package could not be installed'),
      )
    }
  }
  ensureAll(catalog.snapshot().servers.values())
  return catalog.subscribe((next) => ensureAll(next.servers.values()))
}
