// The manifest files of a folder: which there are and what is in them. Bounded, follows no link out of the folder, waits at no pipe.
import { constants } from 'node:fs'
import { lstat, open, readdir, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

export const SCAN_LIMITS = { fileBytes: 256 * 1024, files: 2000, depth: 8, totalBytes: 16 * 1024 * 1024 } as const

export interface SeenFile {
  /** relative to the folder, with `/` */
  readonly file: string
  /** differs whenever the content may differ; a fault's own text where the file cannot be used */
  readonly stamp: string
  readonly bytes: number
  /** why this file is not read */
  readonly fault: string | null
}

export interface Listing {
  /** null: the folder itself is not there or cannot be read */
  readonly files: readonly SeenFile[] | null
  /** folders to watch, absolute */
  readonly folders: readonly string[]
  readonly fault: string | null
}

const MANIFEST = /\.(ya?ml|json)$/i
/** Editors' and Kubernetes' own entries: `.x.yaml.swp`, `..data`, `#x.yaml#`. */
const HIDDEN = /^[.#]/

export async function listManifests(folder: string): Promise<Listing> {
  try {
    const root = await realpath(folder)
    const found: SeenFile[] = []
    const folders: string[] = []
    await walk({ root, folder: root, depth: 0, found, folders })
    const files = refuseBeyondTotal(found.sort((a, b) => (a.file < b.file ? -1 : 1)))
    if (files.length <= SCAN_LIMITS.files) return { files, folders, fault: null }
    const fault = `more than ${SCAN_LIMITS.files} manifest files; the others are not read`
    return { files: files.slice(0, SCAN_LIMITS.files), folders, fault }
  } catch (error) {
    return { files: null, folders: [], fault: `the folder cannot be read (${codeOf(error)})` }
  }
}

function refuseBeyondTotal(files: readonly SeenFile[]): SeenFile[] {
  let total = 0
  return files.map((seen) => {
    total += seen.bytes
    const fault = `the files of the folder are larger than ${SCAN_LIMITS.totalBytes} bytes together; this one is not read`
    return total <= SCAN_LIMITS.totalBytes ? seen : { ...seen, stamp: fault, fault }
  })
}

interface Walk {
  readonly root: string
  readonly folder: string
  readonly depth: number
  readonly found: SeenFile[]
  readonly folders: string[]
}

async function walk(at: Walk): Promise<void> {
  at.folders.push(at.folder)
  for (const entry of await readdir(at.folder, { withFileTypes: true })) {
    if (HIDDEN.test(entry.name) || at.found.length > SCAN_LIMITS.files) continue
    const path = join(at.folder, entry.name)
    if (entry.isDirectory()) {
      if (at.depth < SCAN_LIMITS.depth) await walkInto(at, path)
    } else if (MANIFEST.test(entry.name)) {
      // a plain file is where it is; only of a link it must be asked where it leads
      const seen = await look(at.root, path, entry.isFile() ? async () => path : () => realpath(path))
      if (seen) at.found.push(seen)
    }
  }
}

/** A folder that goes away between listing and reading is no fault of the catalogue. */
async function walkInto(at: Walk, folder: string): Promise<void> {
  try {
    await walk({ ...at, folder, depth: at.depth + 1 })
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

async function look(root: string, path: string, resolve: () => Promise<string>): Promise<SeenFile | null> {
  const file = relative(root, path).split(sep).join('/')
  const refuse = (fault: string): SeenFile => ({ file, stamp: fault, bytes: 0, fault })
  try {
    const real = await resolve()
    if (!real.startsWith(root + sep)) return refuse('a link out of the catalogue folder is not followed')
    const stat = await lstat(real, { bigint: true })
    if (!stat.isFile()) return refuse('not a regular file')
    if (stat.size > SCAN_LIMITS.fileBytes) return refuse(`larger than ${SCAN_LIMITS.fileBytes} bytes`)
    const stamp = [real, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':')
    return { file, stamp, bytes: Number(stat.size), fault: null }
  } catch (error) {
    const code = codeOf(error)
    // gone between listing and looking; a dangling link looks the same and is reported by its name alone
    if (code !== 'ENOENT') return refuse(`cannot be read (${code})`)
    return (await lstat(path).catch(() => null))?.isSymbolicLink() ? refuse('a link to nothing') : null
  }
}

export type FileContent = { readonly text: string } | { readonly fault: string }

/** Reads what `listManifests` saw. Links are resolved and checked again, and never followed at the last step. */
export async function readManifest(folder: string, file: string): Promise<FileContent> {
  try {
    const root = await realpath(folder)
    const real = await realpath(join(root, file))
    if (!real.startsWith(root + sep)) return { fault: 'a link out of the catalogue folder is not followed' }
    await using handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    if (!(await handle.stat()).isFile()) return { fault: 'not a regular file' }
    const buffer = Buffer.alloc(SCAN_LIMITS.fileBytes + 1)
    let length = 0
    for (let read = 1; read > 0 && length < buffer.length; length += read) {
      read = (await handle.read(buffer, length, buffer.length - length, length)).bytesRead
    }
    if (length > SCAN_LIMITS.fileBytes) return { fault: `larger than ${SCAN_LIMITS.fileBytes} bytes` }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length)) }
  } catch (error) {
    return { fault: error instanceof TypeError ? 'not UTF-8 text' : `cannot be read (${codeOf(error)})` }
  }
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return typeof code === 'string' ? code : 'unknown'
}
