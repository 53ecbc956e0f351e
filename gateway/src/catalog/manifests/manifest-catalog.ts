// Adapter of the Catalog port: a folder of manifests, watched while running. A change takes effect within a fraction of a second; a fault
// is reported with file, line and reason while the last good version goes on serving, also across a restart.
import { setTimeout as delay } from 'node:timers/promises'
import type { Catalog, CatalogFault, CatalogSnapshot } from '../catalog.ts'
import { PublishedSnapshot, type CatalogLog } from '../published.ts'
import { assemble } from './assemble.ts'
import type { Assembled, Good } from './assemble.ts'
import { loadLastGood, saveLastGood } from './last-good.ts'
import { parseManifest } from './parse.ts'
import type { ParsedFile } from './parse.ts'
import { listManifests, readManifest } from './scan.ts'
import type { Listing, SeenFile } from './scan.ts'
import { buildSnapshot } from './snapshot.ts'
import { FolderWatch } from './watch.ts'

export interface ManifestCatalogDeps {
  readonly folder: string
  readonly log: CatalogLog
  /** file that keeps the last good versions across restarts; null = memory only */
  readonly lastGoodFile: string | null
  readonly timing?: Partial<CatalogTiming>
}

export interface CatalogTiming {
  /** how often the folder is looked at even without a hint of the file system */
  readonly pollMs: number
  /** a change counts once two looks this far apart see the same */
  readonly settleMs: number
  /** but no longer than this is waited for an editor to finish */
  readonly settleMaxMs: number
}

const TIMING: CatalogTiming = { pollMs: 500, settleMs: 40, settleMaxMs: 400 }

export function createManifestCatalog(deps: ManifestCatalogDeps): Catalog {
  return new ManifestCatalog(deps)
}

class ManifestCatalog implements Catalog {
  readonly #deps: ManifestCatalogDeps
  readonly #timing: CatalogTiming
  readonly #published: PublishedSnapshot
  readonly #watch = new FolderWatch(() => this.#hint())
  /** file → what was parsed at which stamp */
  readonly #parsed = new Map<string, { readonly stamp: string; readonly parsed: ParsedFile }>()
  #good: Good = new Map()
  #stamps: string | null = null
  #busy: Promise<void> | null = null
  #again = false
  #timer: NodeJS.Timeout | null = null

  constructor(deps: ManifestCatalogDeps) {
    this.#deps = deps
    this.#published = new PublishedSnapshot(deps.log)
    this.#timing = { ...TIMING, ...deps.timing }
  }

  snapshot(): CatalogSnapshot {
    return this.#published.current
  }

  subscribe(listener: (next: CatalogSnapshot, previous: CatalogSnapshot) => void): () => void {
    return this.#published.subscribe(listener)
  }

  async start(): Promise<void> {
    if (this.#timer) return
    if (this.#deps.lastGoodFile !== null) this.#good = await loadLastGood(this.#deps.lastGoodFile)
    // before the first look, so that nothing is missed between the two
    this.#timer = setInterval(() => this.#hint(), this.#timing.pollMs).unref()
    this.#hint()
    await this.#busy
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    this.#watch.close()
    await this.#busy
    this.#watch.close()
  }

  /** One look at a time; a hint during a look asks for one more. */
  #hint(): void {
    if (this.#busy) this.#again = true
    else if (this.#timer) this.#busy = this.#run()
  }

  async #run(): Promise<void> {
    try {
      await this.#look()
      while (this.#again && this.#timer) {
        this.#again = false
        await delay(this.#timing.settleMs)
        await this.#look()
      }
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'catalogue could not be read; the last good version keeps serving')
    } finally {
      this.#busy = null
    }
  }

  async #look(): Promise<void> {
    const first = await listManifests(this.#deps.folder)
    if (stampOf(first) === this.#stamps) return
    // nothing serves yet at the first look: there is nothing a half-written file could take away
    const listing = this.#stamps === null ? first : await this.#settle(first)
    this.#watch.renew(listing.folders)
    const stamps = stampOf(listing)
    const assembled = await this.#assemble(listing)
    this.#stamps = stamps
    this.#good = assembled.good
    if (this.#published.publish(buildSnapshot(this.#published.current, assembled))) await this.#keep()
  }

  /** An editor writes in several steps (truncate and write, or unlink and rename): wait until it has finished. */
  async #settle(first: Listing): Promise<Listing> {
    let listing = first
    for (let waited = 0; waited < this.#timing.settleMaxMs; waited += this.#timing.settleMs) {
      await delay(this.#timing.settleMs)
      const next = await listManifests(this.#deps.folder)
      if (stampOf(next) === stampOf(listing)) return next
      listing = next
    }
    return listing
  }

  async #assemble(listing: Listing): Promise<Assembled> {
    const general = listing.fault === null ? [] : [faultOf('.', listing.fault)]
    // a folder that is gone says nothing about its servers; only a file missing from a folder that is there was deleted
    if (listing.files === null) return { good: this.#good, faults: general }
    const files: ParsedFile[] = []
    for (const seen of listing.files) files.push(await this.#parse(seen))
    this.#forgetOthers(listing.files)
    const { good, faults } = assemble(files, this.#good)
    return { good, faults: [...general, ...faults] }
  }

  async #parse(seen: SeenFile): Promise<ParsedFile> {
    const known = this.#parsed.get(seen.file)
    if (known?.stamp === seen.stamp) return known.parsed
    const content = seen.fault === null ? await readManifest(this.#deps.folder, seen.file) : { fault: seen.fault }
    const parsed = 'text' in content ? parseManifest(seen.file, content.text) : unreadable(seen.file, content.fault)
    this.#parsed.set(seen.file, { stamp: seen.stamp, parsed })
    return parsed
  }

  #forgetOthers(files: readonly SeenFile[]): void {
    const there = new Set(files.map(({ file }) => file))
    for (const file of this.#parsed.keys()) if (!there.has(file)) this.#parsed.delete(file)
  }

  async #keep(): Promise<void> {
    const { lastGoodFile, log } = this.#deps
    if (lastGoodFile === null) return
    try {
      await saveLastGood(lastGoodFile, this.#good)
    } catch (error) {
      log.warn({ err: error }, 'last good catalogue could not be kept')
    }
  }
}

/** Everything a look can tell apart, as one text. */
const stampOf = ({ files, fault }: Listing): string =>
  JSON.stringify([fault, files?.map(({ file, stamp }) => [file, stamp]) ?? null])

const faultOf = (file: string, message: string): CatalogFault => ({ file, line: null, resource: null, message })

const unreadable = (file: string, message: string): ParsedFile => ({
  file,
  resources: [],
  faults: [faultOf(file, message)],
  broken: new Set(),
  unclear: true,
})
