// CatalogWriter on a folder of manifests: a document is changed inside its file, the others and all comments stay byte for byte; a new one gets
// a file of its own. Files are replaced whole, so that whoever reads sees the old or the new one.
import { createHash, randomUUID } from 'node:crypto'
import { link, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { HubError, type ReadOnlyReason } from '@mcphub/api'
import {
  checkVersion,
  conflictOf,
  readOnlyFault,
  type CatalogWriter,
  type ManifestChange,
  type ManifestName,
  type StoredManifest,
} from '../writer.ts'
import { parseDocuments } from './documents.ts'
import { endLine, replacePart, soleDocument, specOf, splitManifest, type TextPart } from './manifest-text.ts'
import { listManifests, readManifest, SCAN_LIMITS } from './scan.ts'
import { TRIAL_PREFIX } from './watch.ts'

export interface ManifestWriterDeps {
  readonly folder: string
  /** The file that serves a resource now, as the catalogue knows it: looked into first, so that one manifest costs one file. */
  readonly fileOf?: (name: ManifestName) => string | null
}

interface Found {
  readonly file: string
  readonly text: string
  readonly parts: readonly TextPart[]
  readonly part: TextPart
}

interface Unclear {
  readonly file: string
  readonly text: string
}

const NEW_FILE_MODE = 0o644
const REFUSED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'])

export function createManifestWriter(deps: ManifestWriterDeps): CatalogWriter {
  const { folder } = deps
  let last: Promise<unknown> = Promise.resolve()
  /** One change at a time: what was looked at is what is changed. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = last.then(work)
    last = run.catch(() => undefined)
    return run
  }
  return {
    checkWritable: () => probe(folder),
    read: async (name) => describe(folder, name, await find(deps, name)),
    // the schemas and checks of a manifest are all there is
    check: async () => [],
    apply: (change) => inTurn(() => apply(deps, change)),
    remove: (name, version) => inTurn(() => remove(deps, name, version)),
  }
}

async function probe(folder: string): Promise<ReadOnlyReason | null> {
  const file = join(folder, `${TRIAL_PREFIX}${randomUUID()}`)
  try {
    await (await open(file, 'wx', 0o600)).close()
    await rm(file, { force: true })
    return null
  } catch (error) {
    if (REFUSED.has(codeOf(error))) return { code: 'folderReadOnly', params: { folder: basename(folder) } }
    throw error
  }
}

/** The file that serves it, else the first by name that declares it. */
async function find({ folder, fileOf }: ManifestWriterDeps, name: ManifestName): Promise<Found | Unclear | null> {
  const served = fileOf?.(name) ?? null
  const known = served === null ? null : await lookInto(folder, served, name)
  if (known !== null) return known
  const { files } = await listManifests(folder)
  for (const { file, fault } of files ?? []) {
    const found = fault === null ? await lookInto(folder, file, name) : null
    if (found !== null) return found
  }
  return null
}

async function lookInto(folder: string, file: string, name: ManifestName): Promise<Found | Unclear | null> {
  const content = await readManifest(folder, file)
  return 'text' in content ? findIn(file, content.text, name) : null
}

function findIn(file: string, text: string, { kind, name }: ManifestName): Found | Unclear | null {
  if (!text.includes(name)) return null
  const parts = splitManifest(text)
  if (parts === null) return declares(text, { kind, name }) ? { file, text } : null
  const part = parts.find(({ key }) => key === `${kind}/${name}`)
  return part === undefined ? null : { file, text, parts, part }
}

const declares = (text: string, { kind, name }: ManifestName): boolean =>
  parseDocuments(text).some(({ data }) => {
    const { kind: given, metadata } = (data ?? {}) as { kind?: unknown; metadata?: { name?: unknown } | null }
    return given === kind && metadata?.name === name
  })

async function describe(
  folder: string,
  name: ManifestName,
  found: Found | Unclear | null,
): Promise<StoredManifest | null> {
  if (found === null) return null
  const yaml = 'part' in found ? found.text.slice(found.part.start, found.part.end) : found.text
  const notEditable: ReadOnlyReason = { code: 'fileNotEditable', params: { file: found.file } }
  return {
    yaml,
    spec: specOf(yaml),
    version: createHash('sha256').update(found.text).digest('hex'),
    origin: { file: found.file },
    owners: [],
    readOnly: 'part' in found ? await probe(dirname(join(folder, found.file))) : notEditable,
  }
}

async function apply(deps: ManifestWriterDeps, change: ManifestChange): Promise<StoredManifest> {
  const { folder } = deps
  const found = await find(deps, change)
  checkVersion(change, change.version, await describe(folder, change, found))
  const document = soleDocument(change.yaml)
  if (document === null) throw new HubError('invalid_params', 'Give exactly one document')
  if (found === null) await write(folder, () => create(folder, change, document))
  else await write(folder, () => replace(deps, found, documentFor(found.file, document), change))
  const saved = await describe(folder, change, await find(deps, change))
  if (saved === null) throw conflictOf(change, 'gone', { manifest: null })
  return saved
}

async function remove(deps: ManifestWriterDeps, name: ManifestName, version: string): Promise<void> {
  const { folder } = deps
  const found = await find(deps, name)
  checkVersion(name, version, await describe(folder, name, found))
  if (found !== null) await write(folder, () => replace(deps, found, null, name))
}

/** In a file of JSON a document stays JSON. */
function documentFor(file: string, document: string): string {
  return file.toLowerCase().endsWith('.json') ? JSON.stringify(parseDocuments(document)[0]?.data, null, 2) : document
}

async function replace(
  deps: ManifestWriterDeps,
  found: Found | Unclear,
  document: string | null,
  name: ManifestName,
): Promise<void> {
  const { folder } = deps
  if (!('part' in found)) throw readOnlyFault({ code: 'fileNotEditable', params: { file: found.file } })
  const path = await pathOf(folder, found.file)
  const isLast = document === null && found.parts.every((part) => part === found.part || !part.hasContent)
  const next = replacePart(found.text, found.part, document)
  // an editor may have saved since it was read
  const now = await readManifest(folder, found.file)
  if (!('text' in now) || now.text !== found.text) {
    throw conflictOf(name, 'edited', { manifest: await describe(folder, name, await find(deps, name)) })
  }
  if (isLast) return rm(path)
  await requireReadable(folder, { file: found.file, text: next, isNew: false })
  await writeWhole(path, next, (draft) => rename(draft, path))
}

async function create(folder: string, { kind, name }: ManifestName, document: string): Promise<void> {
  const text = endLine(document)
  await requireReadable(folder, { file: `${name}.yaml`, text, isNew: true })
  for (const file of [
    `${name}.yaml`,
    `${kind.toLowerCase()}-${name}.yaml`,
    `${name}-${randomUUID().slice(0, 8)}.yaml`,
  ]) {
    try {
      // a link is refused where a file of this name is there
      return await writeWhole(join(folder, file), text, (draft) => link(draft, join(folder, file)))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
  throw new HubError('conflict', `No file name is free for ${kind} "${name}"`)
}

/** The file a link leads to is the one that is replaced; it lies within the folder. */
async function pathOf(folder: string, file: string): Promise<string> {
  const root = await realpath(folder)
  const path = await realpath(join(root, file))
  if (!path.startsWith(root + sep)) throw readOnlyFault({ code: 'fileNotEditable', params: { file } })
  return path
}

/** Hidden while it is written: the catalogue looks at no name that begins with a dot. */
async function writeWhole(path: string, text: string, put: (draft: string) => Promise<void>): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  const mode = await stat(path).then(
    (known) => known.mode & 0o777,
    () => NEW_FILE_MODE,
  )
  try {
    await using file: FileHandle = await open(draft, 'wx', mode)
    await file.writeFile(text)
    await file.sync()
    await put(draft)
  } finally {
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

interface Draft {
  /** relative to the folder, with `/` */
  readonly file: string
  readonly text: string
  readonly isNew: boolean
}

/**
 * A file that is too large is not read at all: every manifest in it would be gone. And of too much the files that come last by name are left out:
 * somebody else's would be gone.
 */
async function requireReadable(folder: string, { file, text, isNew }: Draft): Promise<void> {
  const bytes = Buffer.byteLength(text)
  const { fileBytes, files: mostFiles, totalBytes } = SCAN_LIMITS
  if (bytes > fileBytes) {
    const size = `${basename(file)} would be larger than ${fileBytes} bytes and not be read any more`
    throw new HubError('invalid_params', `${size}: shorten the manifest, or move one of the file to a file of its own`)
  }
  const { files } = await listManifests(folder)
  // a folder that cannot be read is told by the writing itself
  if (files === null) return
  if (isNew && files.length >= mostFiles) {
    const full = `The folder has ${mostFiles} manifest files, and more are not read`
    throw new HubError('invalid_params', `${full}: remove one, or put several manifests into one file`)
  }
  const before = isNew ? 0 : (files.find((seen) => seen.file === file)?.bytes ?? 0)
  const total = files.reduce((sum, seen) => sum + seen.bytes, 0) - before + bytes
  // what makes a folder that is too large smaller helps
  if (bytes > before && total > totalBytes) {
    const large = `The manifest files would be larger than ${totalBytes} bytes together, and the last of them not be read`
    throw new HubError('invalid_params', `${large}: shorten the manifest, or remove another one`)
  }
}

async function write(folder: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error)))
      throw readOnlyFault({ code: 'folderReadOnly', params: { folder: basename(folder) } })
    throw error
  }
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return typeof code === 'string' ? code : ''
}
