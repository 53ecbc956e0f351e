// Reads the facts the checks look at: from the parts of the hub, the file system and the process. What cannot be read is null.
import { access, constants, readFile, readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Upstreams } from '../../mcp/upstream/upstreams.ts'
import type { Packages } from '../../packages/packages.ts'
import type { Sandboxes } from '../../sandboxes/sandboxes.ts'
import type { ActivityService } from '../activity/activity-service.ts'
import type { DoctorStore } from './doctor-store.ts'
import type { DoctorFacts, DoorFacts, FileFacts } from './facts.ts'

export interface DoctorSources {
  readonly mode: DoctorFacts['mode']
  readonly store: DoctorStore
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly packages: Pick<Packages, 'state'>
  readonly sandboxes: Pick<Sandboxes, 'list' | 'separation'>
  readonly upstreams: Pick<Upstreams, 'health'>
  readonly activity: Pick<ActivityService, 'counts'>
  readonly keyRing: { readonly file: string; readonly keyIds: () => readonly string[] }
  readonly dataDir: string
  readonly npmrc: string | null
  readonly listening: () => DoctorFacts['listening']
  readonly demoKeyActive: () => Promise<boolean>
  readonly publicUrl: string | null
  /** null: this hub has no console */
  readonly consoleDir: string | null
  readonly checkProviders: () => Promise<DoorFacts['providers']>
}

export interface FactGatherer {
  gather(): Promise<DoctorFacts>
  stop(): void
}

const NANOSECONDS = 1e6

/** Watches the event loop from now on; `stop` ends that. */
export function createFactGatherer(sources: DoctorSources): FactGatherer {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  return {
    gather: () => gather(sources, delay),
    stop: () => void delay.disable(),
  }
}

async function gather(sources: DoctorSources, delay: ReturnType<typeof monitorEventLoopDelay>): Promise<DoctorFacts> {
  const { servers, faults } = sources.catalog.snapshot()
  const [database, ringFile, dataFolder, disk, openFiles, npmrc, demoKeyActive, doors] = await Promise.all([
    orNull(sources.store.read()),
    readFileFacts(sources.keyRing.file),
    readFileFacts(sources.dataDir),
    orNull(readDisk(sources.dataDir)),
    orNull(readOpenFiles()),
    sources.npmrc === null ? null : readNpmrc(sources.npmrc),
    sources.demoKeyActive().catch(() => false),
    readDoors(sources),
  ])
  return {
    mode: sources.mode,
    nodeVersion: process.version,
    database,
    keyRing: { file: ringFile, keyIds: sources.keyRing.keyIds() },
    dataFolder,
    disk,
    catalog: { servers: servers.size, faults },
    packages: [...servers.values()].flatMap(({ name, spec }) =>
      spec.enabled && spec.stdio?.package ? [{ server: name, state: sources.packages.state(spec.stdio.package) }] : [],
    ),
    separation: sources.sandboxes.separation,
    listening: sources.listening(),
    demoKeyActive,
    doors,
    sandboxFaults: readSandboxFaults(sources),
    upstreamFaults: readUpstreamFaults(sources),
    audit: sources.activity.counts(),
    // the sampling interval itself is part of what the histogram holds
    eventLoopDelayP99Ms: Math.max(0, delay.percentile(99) / NANOSECONDS - 20),
    openFiles,
    npmrc,
    memory: { rssBytes: process.memoryUsage.rss(), availableBytes: process.availableMemory() },
  }
}

const orNull = <T>(promise: Promise<T>): Promise<T | null> => promise.catch(() => null)

export async function readFileFacts(path: string): Promise<FileFacts | null> {
  const found = await orNull(stat(path))
  if (found === null || (await orNull(access(path, constants.R_OK).then(() => true))) === null) return null
  const isWritable = (await orNull(access(path, constants.W_OK).then(() => true))) === true
  return { path, mode: found.mode & 0o777, isOwn: found.uid === process.geteuid?.(), isWritable }
}

async function readDoors({ publicUrl, consoleDir, checkProviders }: DoctorSources): Promise<DoorFacts> {
  const page = consoleDir === null ? null : await orNull(access(join(consoleDir, 'index.html')).then(() => true))
  return {
    publicUrl,
    console: consoleDir === null ? null : { isBuilt: page === true },
    providers: await checkProviders(),
  }
}

async function readNpmrc(path: string) {
  return { path, file: await readFileFacts(path) }
}

async function readDisk(folder: string) {
  const disk = await statfs(folder)
  return { freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize }
}

/** Linux only; elsewhere the files are absent and the fact unknown. */
async function readOpenFiles() {
  const limits = await readFile('/proc/self/limits', 'utf8')
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1])
  if (!Number.isFinite(limit)) return null
  return { used: (await readdir('/proc/self/fd')).length, limit }
}

function readSandboxFaults({ sandboxes }: DoctorSources): DoctorFacts['sandboxFaults'] {
  return sandboxes
    .list()
    .flatMap(({ server, state, lastFault }) =>
      state === 'Failed' && lastFault !== null ? [{ server, message: lastFault }] : [],
    )
}

function readUpstreamFaults({ upstreams }: DoctorSources): DoctorFacts['upstreamFaults'] {
  return upstreams.health().flatMap(({ server, lastFault, lastSuccessAt }) => {
    if (lastFault === null || (lastSuccessAt !== null && lastSuccessAt >= lastFault.at)) return []
    return [{ server, ...lastFault }]
  })
}
