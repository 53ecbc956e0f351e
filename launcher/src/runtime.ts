// The node binary in the data folder: children under other uids cannot execute the one in a clone below a 0700 home.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

const EXECUTABLE_BY_ALL = 0o555

/** Laid out anew when the launcher's own binary is another; by rename, because children may be running the old one. Returns its path. */
export function prepareRuntime(dataDir: string, source = process.execPath): string {
  const folder = path.join(dataDir, 'runtime')
  const target = path.join(folder, 'node')
  const stamp = path.join(folder, 'source.json')
  const { size, mtimeMs } = statSync(source)
  const identity = JSON.stringify({ version: process.version, size, mtimeMs })
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === identity) return target
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o755)
  const draft = `${target}.new`
  rmSync(draft, { force: true })
  if (!linkFor(source, draft)) {
    copyFileSync(source, draft)
    chmodSync(draft, 0o755)
  }
  renameSync(draft, target)
  // a rename over a hard link of the same file does nothing and leaves the draft
  rmSync(draft, { force: true })
  writeFileSync(stamp, identity)
  return target
}

/** A hard link costs no space, but keeps the mode of its file and cannot cross file systems. */
function linkFor(source: string, draft: string): boolean {
  try {
    if ((statSync(source).mode & EXECUTABLE_BY_ALL) !== EXECUTABLE_BY_ALL) return false
    linkSync(source, draft)
    return true
  } catch {
    return false
  }
}
