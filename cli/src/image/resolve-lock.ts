// The lock of a package with everything below it, resolved by the npm of this machine; nothing is installed, no script runs.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EXIT_CODES } from '@mcphub/api'
import { CliFault } from '../fault.ts'

const run = promisify(execFile)

export interface NpmPackage {
  readonly name: string
  readonly version: string
}

const OPTIONS = ['--package-lock-only', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund']

interface LockEntry {
  readonly integrity?: string
}

/** @throws CliFault when a file of it could not be checked later */
function requireIntegrity(lock: string): void {
  const { packages = {} } = JSON.parse(lock) as { readonly packages?: Readonly<Record<string, LockEntry>> }
  const without = Object.entries(packages).find(([path, { integrity }]) => path !== '' && !integrity)
  if (without) throw failed(`${without[0]} has no integrity (it comes from git or a bare address).`)
}

const failed = (message: string): CliFault => new CliFault(message, { exit: EXIT_CODES.failure, code: 'not_resolved' })

/** npm's own words may name a registry's password: its code alone is told. */
function describe(fault: unknown): CliFault {
  const { code, stderr = '' } = fault as { readonly code?: unknown; readonly stderr?: string }
  if (code === 'ENOENT') return failed('npm is not installed here.')
  const said = /^npm (?:error|ERR!) code (\S+)/m.exec(stderr)?.[1] ?? String(code)
  return failed(`npm could not resolve the package (${said}).`)
}

/** The text of package-lock.json, in the form that hub and installer use. @throws CliFault */
export async function resolveLock({ name, version }: NpmPackage): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-image-'))
  try {
    const manifest = { name: 'mcphub-package', private: true, dependencies: { [name]: version } }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    await run('npm', ['install', ...OPTIONS, '--omit-lockfile-registry-resolved'], { cwd: folder }).catch(
      (fault: unknown) => {
        throw describe(fault)
      },
    )
    const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
    requireIntegrity(lock)
    return lock
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
