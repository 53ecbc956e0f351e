// Clients of the field that are no part of this project: fetched from their registries, exact versions, once, into a folder that git does not see.
// A registry that cannot be reached is a failure: whoever runs the tests is told, and nothing is skipped.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { pickInherited } from '../kit/hub.ts'

const run = promisify(execFile)
const FOLDER = path.join(import.meta.dirname, '../out/clients')
const TIMEOUT_MS = 100_000

export const INSPECTOR = '2.12.0'
/** the newest of each generation */
export const PYTHON_SDKS = { 1: '1.30.0', 2: '2.3.0' } as const

/** The folder with `node_modules`. @throws with npm's own words */
export function installFromNpm(name: string, version: string): Promise<string> {
  return installOnce(`${name.replaceAll(/\W+/g, '-')}-${version}`, async (folder) => {
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
    await run('npm', ['install', '--prefix', folder, ...options, `${name}@${version}`], how(folder))
  })
}

/** The Python that has the package. @throws with pip's own words */
export async function installFromPypi(name: string, version: string): Promise<string> {
  const folder = await installOnce(`${name}-${version}-py`, async (made) => {
    await run('python3', ['-m', 'venv', '--copies', made], how(made))
    await run(
      path.join(made, 'bin/python'),
      ['-m', 'pip', 'install', '--quiet', '--no-compile', `${name}==${version}`],
      how(made),
    )
  })
  return path.join(folder, 'bin/python')
}

const how = (cwd: string) => ({ cwd, env: pickInherited(), timeout: TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 })

/** Whole or not at all: what is half there has another name. */
async function installOnce(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const folder = path.join(FOLDER, name)
  if (existsSync(folder)) return folder
  mkdirSync(FOLDER, { recursive: true })
  const made = mkdtempSync(path.join(FOLDER, '.making-'))
  try {
    await install(made)
    if (!existsSync(folder)) renameSync(made, folder)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
  return folder
}
