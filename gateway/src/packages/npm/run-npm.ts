// Runs npm's own program under the hub's node, with an environment that is an allow-list. Never with a shell.
import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { parseNpmCode } from './npm-faults.ts'

export interface NpmConfig {
  readonly nodePath: string
  /** path of npm-cli.js of the pinned npm */
  readonly npmCli: string
  /** npmrc with registries and credentials; null: the npmrc of the account the hub runs under */
  readonly npmrc: string | null
  readonly proxy: { readonly url: string | null; readonly noProxy: string | null; readonly extraCaFile: string | null }
  /** goes into the environment, so that a sweep ends an npm its hub left behind */
  readonly mark: string | null
  readonly cacheDir: string
}

export class NpmFailure extends Error {
  readonly code: string | null
  constructor(code: string | null) {
    super(`npm failed: ${code ?? 'no code'}`)
    this.name = 'NpmFailure'
    this.code = code
  }
}

export interface NpmRun {
  readonly args: readonly string[]
  readonly folder: string
  /** scripts of packages run: no credentials, no home */
  readonly untrusted?: boolean
  readonly onFetched?: () => void
  readonly signal: AbortSignal
}

/** One install may take this long. */
const LONGEST_MS = 10 * 60_000
const KEPT_STDERR = 32 * 1024

function buildEnv(config: NpmConfig, { folder, untrusted = false }: NpmRun): Record<string, string> {
  const { url, noProxy, extraCaFile } = config.proxy
  const trusted = { HOME: homedir(), ...(config.npmrc === null ? {} : { npm_config_userconfig: config.npmrc }) }
  return {
    PATH: `${dirname(config.nodePath)}:/usr/local/bin:/usr/bin:/bin`,
    LANG: 'C.UTF-8',
    ...(config.mark === null ? {} : { MCPHUB_SANDBOX: config.mark }),
    npm_config_cache: config.cacheDir,
    npm_config_update_notifier: 'false',
    npm_config_logs_max: '0',
    // one short retry of npm's own; longer waits are ours, and told
    npm_config_fetch_retries: '1',
    npm_config_fetch_retry_mintimeout: '1000',
    npm_config_fetch_retry_maxtimeout: '5000',
    ...(untrusted ? { HOME: folder, npm_config_userconfig: '/dev/null' } : trusted),
    ...(url === null ? {} : { HTTPS_PROXY: url, HTTP_PROXY: url }),
    ...(noProxy === null ? {} : { NO_PROXY: noProxy }),
    ...(extraCaFile === null ? {} : { NODE_EXTRA_CA_CERTS: extraCaFile }),
  }
}

/** Resolves when npm succeeded. @throws NpmFailure */
export function runNpm(config: NpmConfig, run: NpmRun): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(config.nodePath, [config.npmCli, ...run.args], {
      cwd: run.folder,
      env: buildEnv(config, run),
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let stderr = ''
    let code: string | null = null
    const end = (why: string) => (): void => {
      code ??= why
      if (child.pid !== undefined) killGroup(child.pid)
    }
    const timer = setTimeout(end('TIMEOUT'), LONGEST_MS)
    const onAbort = end('KILLED')
    run.signal.addEventListener('abort', onAbort, { once: true })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of chunk.split('\n')) if (/^npm http fetch GET 200 .*\.tgz/.test(line)) run.onFetched?.()
      stderr = (stderr + chunk).slice(-KEPT_STDERR)
    })
    const settle = (fault: NpmFailure | null): void => {
      clearTimeout(timer)
      run.signal.removeEventListener('abort', onAbort)
      if (fault === null) resolve()
      else reject(fault)
    }
    child.once('error', () => settle(new NpmFailure('SPAWN')))
    child.once('close', (status, signal) => {
      if (status === 0 && code === null) settle(null)
      else settle(new NpmFailure(code ?? (signal === null ? parseNpmCode(stderr) : 'KILLED')))
    })
    if (run.signal.aborted) onAbort()
  })
}

/** npm and what it started. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // gone
  }
}
