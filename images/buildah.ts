// Runs buildah in a store of its own, beside the archives it makes: the machine's images are not touched.
import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const CACHE = process.env['MCPHUB_IMAGE_CACHE'] ?? join(homedir(), '.cache/mcphub-images')

const STORE = [`--root=${join(CACHE, 'store')}`, `--runroot=${join(CACHE, 'run')}`]

/** What it printed. @throws Error with the last lines of what it said, and with the fix where it is not there */
export async function buildah(args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('buildah', [...STORE, ...args], { maxBuffer: 64 * 1024 * 1024, timeout: 600_000 })
    return stdout
  } catch (fault) {
    const { code, stderr = '' } = fault as { readonly code?: unknown; readonly stderr?: string }
    const said =
      code === 'ENOENT'
        ? 'it is not installed (Debian: apt-get install buildah)'
        : stderr.trim().split('\n').slice(-15).join('\n')
    throw new Error(`buildah ${args[0] ?? ''}: ${said}`, { cause: fault })
  }
}
