// What must be installed before anything else can be loaded: the right Node, and every package of the lock file; mends with `npm ci`.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { StartFault } from './start-fault.ts'

const MINIMUM_NODE = [26, 4] as const

/** @throws StartFault when the running Node is too old */
export function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return
  throw new StartFault(
    `This is Node ${version}; the hub needs ${MINIMUM_NODE.join('.')} or later.`,
    'Start it with `make run`, which brings its own Node.',
  )
}

interface LockedPackage {
  readonly version?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly optional?: boolean
  readonly devOptional?: boolean
  readonly peer?: boolean
}

/**
 * Why node_modules cannot be trusted, or null. npm writes `node_modules/.package-lock.json` last, so a killed install has none; a package
 * that was removed or not updated since is found by comparison. Packages that only develop or that another platform needs may be absent.
 */
export function checkInstall(clone: string): string | null {
  const hidden = path.join(clone, 'node_modules', '.package-lock.json')
  const installed = readPackages(hidden)
  if (!installed) return 'an earlier install did not finish'
  const wanted = readPackages(path.join(clone, 'package-lock.json'))
  for (const [place, locked] of Object.entries(wanted ?? {})) {
    if (!isNeeded(place, locked)) continue
    if (installed[place]?.version !== locked.version) return `${place} is not the version of the lock file`
    if (!existsSync(path.join(clone, place, 'package.json'))) return `${place} is missing`
  }
  return null
}

function isNeeded(place: string, { link, dev, optional, devOptional, peer }: LockedPackage): boolean {
  return place.startsWith('node_modules/') && !link && !dev && !optional && !devOptional && !peer
}

function readPackages(file: string): Readonly<Record<string, LockedPackage>> | null {
  try {
    // npm's own file; what is not as expected counts as absent
    const content: { packages?: Record<string, LockedPackage> } = JSON.parse(readFileSync(file, 'utf8'))
    return content.packages ?? null
  } catch {
    return null
  }
}

/** @throws StartFault when npm cannot mend it */
export function mendInstall(clone: string, env: Readonly<Record<string, string | undefined>>): void {
  // not the npm below node_modules: `npm ci` removes that one while it runs
  const bin = path.join('node_modules', '.bin')
  const PATH = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => !path.normalize(folder).endsWith(bin))
  const stamp = path.join(clone, 'node_modules', '.mcphub-install')
  const stamped = existsSync(stamp) ? readFileSync(stamp) : null
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: clone,
    env: { ...env, PATH: PATH.join(path.delimiter) },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (result.status === 0) {
    // npm empties the folder; without its stamp scripts/install.sh would install all of it once more at the next start
    if (stamped) writeFileSync(stamp, stamped)
    return
  }
  const reason = result.stderr?.split('\n').find((line) => /^npm (error|ERR!) (?!code )\S/.test(line))
  throw new StartFault(
    `The installation is incomplete and \`npm ci\` could not mend it: ${reason?.replace(/^npm (error|ERR!) /, '') ?? 'npm did not run'}`,
    'Check that npm reaches its registry and that the folder can be written, then start again.',
  )
}
