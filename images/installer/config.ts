// What the operator tells the installer, all of it by environment.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface InstallerConfig {
  readonly name: string
  readonly version: string
  readonly bin: string | undefined
  readonly allowScripts: readonly string[]
  /** the emptyDir */
  readonly packageDir: string
  readonly tmpDir: string
  readonly registryUrl: string | null
  /** a Secret: npmrc, ca.crt */
  readonly registryDir: string
  /** a ConfigMap: package-lock.json */
  readonly lockDir: string
  readonly npmCli: string
  readonly proxy: { readonly url: string | null; readonly noProxy: string | null; readonly extraCaFile: string | null }
}

interface Package {
  readonly npm?: { readonly name: string; readonly version: string }
  readonly bin?: string
  readonly allowScripts?: readonly string[]
}

const NPM = join(import.meta.dirname, '../../npm/bin/npm-cli.js')

/** An empty variable is an absent one. */
const reader =
  (env: NodeJS.ProcessEnv) =>
  <Fallback extends string | null>(name: string, fallback: Fallback): string | Fallback =>
    env[name] || fallback

/** @throws Error when MCPHUB_PACKAGE names no npm package */
export function readConfig(env: NodeJS.ProcessEnv): InstallerConfig {
  const read = reader(env)
  const { npm, bin, allowScripts = [] } = JSON.parse(read('MCPHUB_PACKAGE', '{}')) as Package
  if (!npm) throw new Error('MCPHUB_PACKAGE names no npm package')
  const registryDir = read('MCPHUB_REGISTRY_DIR', '/etc/mcphub/registry')
  const authority = join(registryDir, 'ca.crt')
  return {
    ...npm,
    bin,
    allowScripts,
    packageDir: read('MCPHUB_PACKAGE_DIR', '/package'),
    tmpDir: read('TMPDIR', '/tmp'),
    registryUrl: read('MCPHUB_REGISTRY_URL', null),
    registryDir,
    lockDir: read('MCPHUB_LOCK_DIR', '/etc/mcphub/lock'),
    npmCli: read('MCPHUB_NPM_CLI', NPM),
    proxy: {
      url: read('HTTPS_PROXY', null),
      noProxy: read('NO_PROXY', null),
      extraCaFile: existsSync(authority) ? authority : read('NODE_EXTRA_CA_CERTS', null),
    },
  }
}
