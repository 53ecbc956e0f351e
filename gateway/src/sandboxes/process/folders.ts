// The folders of the sandboxes below the hub's data folder. Names are derived ids of a fixed alphabet, so none can escape (BOX-8).
//   sandboxes/run    records of running children (the hub alone)
//   sandboxes/kept   <user>/<server>/{work,tmp}: kept where the manifest says `persistence: Retain`
//   sandboxes/temp   <incarnation>/{work,tmp}: removed with the child
import { chmodSync, lchownSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChildFolders } from './environment.ts'
import { DEVICES } from './jail.ts'

const SAFE_NAME = /^[a-z0-9][a-z0-9-]{7,79}$/

export interface SandboxFolder extends ChildFolders {
  /** parent of both; the hub's own, so that no child can put a link where the hub looks for one of them */
  readonly path: string
  readonly kept: boolean
}

export interface FolderPaths {
  readonly root: string
  readonly run: string
  readonly kept: string
  readonly temp: string
  readonly uids: string
  /** an empty folder: where a private root is built, each in its own mount namespace */
  readonly mount: string
  /** an empty file for each device of a private root */
  readonly devices: string
}

export function sandboxPaths(dataDir: string): FolderPaths {
  const root = join(dataDir, 'sandboxes')
  return {
    root,
    run: join(root, 'run'),
    kept: join(root, 'kept'),
    temp: join(root, 'temp'),
    uids: join(root, 'run', 'uids'),
    mount: join(root, 'mount'),
    devices: join(root, 'devices'),
  }
}

/** A derived id as a folder name. @throws when it could be anything but one plain name */
export function checkName(name: string): string {
  if (!SAFE_NAME.test(name)) throw new Error('a derived sandbox name is not a plain lower-case name')
  return name
}

/** Passable but not listable for the children's uids; the records are the hub's alone. */
export function prepareFolders(paths: FolderPaths): void {
  for (const [path, mode] of [
    [paths.root, 0o711],
    [paths.run, 0o700],
    [paths.kept, 0o711],
    [paths.temp, 0o711],
    [paths.mount, 0o755],
    [paths.devices, 0o755],
  ] as const) {
    mkdirSync(path, { recursive: true })
    chmodSync(path, mode)
  }
  for (const name of DEVICES) writeFileSync(join(paths.devices, name), '')
}

/** True when it had to be made. Where a child has left a link or a file of that name, the folder takes its place. */
function makeOwned(path: string, uid: number | null): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory() === true) return false
  if (found !== undefined) rmSync(path)
  mkdirSync(path, { mode: 0o700 })
  if (uid !== null) lchownSync(path, uid, uid)
  return true
}

/** The hub's own, passable for a child that has a uid of its own. */
function makePassable(path: string, uid: number | null): void {
  mkdirSync(path, { recursive: true })
  if (uid !== null) lchownSync(path, process.getuid?.() ?? 0, process.getgid?.() ?? 0)
  chmodSync(path, uid === null ? 0o700 : 0o711)
}

function makeFolder(path: string, kept: boolean, uid: number | null): SandboxFolder & { readonly isNew: boolean } {
  const folder = { path, work: join(path, 'work'), tmp: join(path, 'tmp'), kept }
  makePassable(path, uid)
  const isNew = makeOwned(folder.work, uid)
  makeOwned(folder.tmp, uid)
  return { ...folder, isNew }
}

/** A folder inside a work folder that was just made; never in one that a child has had: it may have left a link there. */
export function makeInnerFolder({ work }: SandboxFolder, path: string, uid: number | null): void {
  for (let at = work; at !== path;) {
    at = join(at, path.slice(at.length + 1).split('/')[0] ?? '')
    makeOwned(at, uid)
  }
}

export interface FolderOwner {
  readonly user: string
  readonly server: string
  readonly uid: number | null
}

export function openKeptFolder(
  paths: FolderPaths,
  { user, server, uid }: FolderOwner,
): SandboxFolder & { readonly isNew: boolean } {
  const home = join(paths.kept, checkName(user))
  makePassable(home, uid)
  return makeFolder(join(home, checkName(server)), true, uid)
}

export function makeTempFolder(
  paths: FolderPaths,
  incarnation: string,
  uid: number | null,
): SandboxFolder & { readonly isNew: boolean } {
  return makeFolder(join(paths.temp, checkName(incarnation)), false, uid)
}
