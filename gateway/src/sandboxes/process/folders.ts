// The folders of the sandboxes below the hub's data folder. Names are derived ids of a fixed alphabet, so none can escape (threats.md BOX-8).
//   sandboxes/run    records of running children (the hub alone)
//   sandboxes/kept   <user>/<server>/{work,tmp}: kept where the manifest says `persistence: Retain`
//   sandboxes/temp   <incarnation>/{work,tmp}: removed with the child
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { chmod, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChildFolders } from './environment.ts'
import { DEVICES } from './jail.ts'

const SAFE_NAME = /^[a-z0-9][a-z0-9-]{7,79}$/

export interface SandboxFolder extends ChildFolders {
  /** parent of both; the one folder a child owns */
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

function makeOwned(path: string, uid: number | null): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (uid !== null) chownSync(path, uid, uid)
}

function makeFolder(path: string, kept: boolean, uid: number | null): SandboxFolder {
  const folder = { path, work: join(path, 'work'), tmp: join(path, 'tmp'), kept }
  // the inner ones first: once the outer one is the child's, a child still alive could swap them under our feet
  mkdirSync(path, { recursive: true, mode: 0o700 })
  makeOwned(folder.work, uid)
  makeOwned(folder.tmp, uid)
  if (uid !== null) chownSync(path, uid, uid)
  return folder
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
): SandboxFolder & { isNew: boolean } {
  const home = join(paths.kept, checkName(user))
  mkdirSync(home, { recursive: true, mode: 0o711 })
  const path = join(home, checkName(server))
  const known = readdirSync(home).includes(server)
  if (known) return { path, work: join(path, 'work'), tmp: join(path, 'tmp'), kept: true, isNew: false }
  return { ...makeFolder(path, true, uid), isNew: true }
}

export function makeTempFolder(paths: FolderPaths, incarnation: string, uid: number | null): SandboxFolder {
  return makeFolder(join(paths.temp, checkName(incarnation)), false, uid)
}

/** Makes every folder below writable for us: a child may have locked its own (matters only where hub and child share a uid). */
async function unlock(path: string): Promise<void> {
  await chmod(path, 0o700).catch(() => undefined)
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await unlock(join(path, entry.name))
}

/** Removes a folder of which no process is left. Follows no link. */
export async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 })
  } catch {
    await unlock(path)
    await rm(path, { recursive: true, force: true, maxRetries: 2 })
  }
}
