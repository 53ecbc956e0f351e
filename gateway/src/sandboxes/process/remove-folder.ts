// Removes folders that children have had. As root every step goes through an open folder: a process of the same uid may still live (another
// session's child, one that drains), and a name that it swaps for a link between two of our steps must lead nowhere.
import { constants } from 'node:fs'
import { chmod, type FileHandle, open, opendir, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
const BATCH = 512
/** Somebody who keeps filling what is being emptied is not waited for: the next start of the hub tries again. */
const LONGEST_MS = 10 * 60_000

/** Follows no link. @throws a system error when something is left */
export async function removeFolder(path: string): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return removeByName(path)
  const top = await openFolder(path)
  if (top === null) return
  try {
    await empty(top)
  } finally {
    await top.close()
  }
  await rmdir(path)
}

/** Null when there is nothing. */
function openFolder(path: string | Buffer): Promise<FileHandle | null> {
  return open(path, FOLDER).catch((fault: NodeJS.ErrnoException) => {
    if (fault.code === 'ENOENT') return null
    throw fault
  })
}

/** Names as bytes: a child may choose some that are no UTF-8. */
const nameIn = (folder: FileHandle, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${folder.fd}/`), name])

async function readSome(folder: FileHandle): Promise<Buffer[]> {
  const names: Buffer[] = []
  // the types of Node know no names as bytes here
  const listed = await opendir(`/proc/self/fd/${folder.fd}`, {
    encoding: 'buffer' as BufferEncoding,
    bufferSize: BATCH,
  })
  for await (const entry of listed) {
    names.push(entry.name as unknown as Buffer)
    if (names.length === BATCH) break
  }
  return names
}

/** What lies deeper is lifted up, so that no depth costs more than one open folder. */
async function empty(top: FileHandle): Promise<void> {
  const until = performance.now() + LONGEST_MS
  let lifted = 0
  const lift = (): Buffer => nameIn(top, Buffer.from(`removed-${process.pid}-${++lifted}`))
  for (;;) {
    const names = await readSome(top)
    if (names.length === 0 || performance.now() > until) return
    await Promise.all(names.map((name) => removeEntry(top, name, lift)))
  }
}

async function removeEntry(top: FileHandle, name: Buffer, lift: () => Buffer): Promise<void> {
  if (await tryUnlink(nameIn(top, name))) return
  const folder = await openFolder(nameIn(top, name)).catch(() => null)
  if (folder === null) return
  try {
    await strip(folder, lift)
  } catch {
    // swapped or filled meanwhile: the next pass sees what it is now
  } finally {
    await folder.close()
  }
  await rmdir(nameIn(top, name)).catch(() => undefined)
}

async function strip(folder: FileHandle, lift: () => Buffer): Promise<void> {
  for (;;) {
    const names = await readSome(folder)
    if (names.length === 0) return
    for (const name of names) {
      const path = nameIn(folder, name)
      if (!(await tryUnlink(path))) await rename(path, lift())
    }
  }
}

/** False: it is a folder. */
async function tryUnlink(path: Buffer): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    if (code === 'EISDIR') return false
    throw fault
  }
}

/** Hub and child share a uid: whoever could race here could as well write to the hub's own files. */
async function removeByName(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 })
  } catch {
    await unlock(path)
    await rm(path, { recursive: true, force: true, maxRetries: 2 })
  }
}

/** Makes every folder below writable for us: a child may have locked its own. */
async function unlock(path: string): Promise<void> {
  await chmod(path, 0o700).catch(() => undefined)
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await unlock(join(path, entry.name))
}
