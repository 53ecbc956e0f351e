// Which hub and which key: options over environment over credential files. The only place of the CLI that reads the environment.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { HUB_KEY } from '@mcphub/api'
import { inspectCredentials } from './credentials.ts'
import type { Credentials, CredentialsFile } from './credentials.ts'
import { usageFault } from './fault.ts'
import { isLoopback, isSameHub, parseHubUrl, showUrl } from './hub-url.ts'

export const DEFAULT_URL = 'http://127.0.0.1:3000'

export interface Environment {
  readonly cwd: string
  readonly url: string | null
  readonly key: string | null
  /** where `login` and `setup` write */
  readonly credentialsFile: string
  readonly proxies: Readonly<Record<'http' | 'https' | 'no', string | null>>
}

export interface TargetOptions {
  readonly url?: string
  readonly keyFile?: string
  readonly insecure?: boolean
}

export interface Target {
  readonly url: URL
  readonly urlSource: string
  readonly key: string | null
  readonly keySource: string | null
  /** every credentials file that was looked at */
  readonly files: readonly CredentialsFile[]
}

export function readEnvironment(): Environment {
  const { env } = process
  const set = (...names: string[]): string | null => names.map((name) => env[name]).find((value) => value) ?? null
  const config = set('XDG_CONFIG_HOME') ?? path.join(homedir(), '.config')
  return {
    cwd: process.cwd(),
    url: set('MCPHUB_URL'),
    key: set('MCPHUB_KEY'),
    credentialsFile: path.join(config, 'mcphub', 'credentials.json'),
    proxies: {
      http: set('HTTP_PROXY', 'http_proxy'),
      https: set('HTTPS_PROXY', 'https_proxy'),
      no: set('NO_PROXY', 'no_proxy'),
    },
  }
}

/** @throws CliFault (usage) */
export function resolveTarget(options: TargetOptions, environment: Environment): Target {
  const files = lookUp(environment)
  const key = givenKey(options, environment)
  const wanted = givenUrl(options, environment, key)
  const kept = findKept(files, wanted?.url ?? null)
  const { url, source } = wanted ?? (kept ? { url: kept.url, source: kept.file } : DEFAULT)
  refusePlainHttp(url, options.insecure ?? false)
  const used = key ?? (kept && { key: kept.key, source: kept.file })
  return { url, urlSource: source, key: used && used.key, keySource: used && used.source, files }
}

interface GivenUrl {
  readonly url: URL
  readonly source: string
}

const DEFAULT: GivenUrl = { url: parseHubUrl(DEFAULT_URL), source: 'the default' }

function givenUrl(options: TargetOptions, environment: Environment, key: GivenKey | null): GivenUrl | null {
  if (options.url) return { url: parseHubUrl(options.url), source: '--url' }
  if (environment.url) return { url: parseHubUrl(environment.url), source: 'MCPHUB_URL' }
  return key?.url ? { url: key.url, source: key.source } : null
}

/** The kept credentials of that hub; of any where none is named. */
function findKept(files: readonly CredentialsFile[], wanted: URL | null): Credentials | null {
  const usable = files.flatMap(({ credentials }) => credentials ?? [])
  return usable.find(({ url }) => !wanted || isSameHub(url, wanted)) ?? null
}

function lookUp({ cwd, credentialsFile }: Environment): CredentialsFile[] {
  return [
    inspectCredentials(path.join(cwd, '.mcphub', 'credentials.json'), 'folder'),
    inspectCredentials(credentialsFile, 'home'),
  ]
}

interface GivenKey {
  readonly key: string
  readonly source: string
  /** a key file may be a credentials file */
  readonly url: URL | null
}

function givenKey(options: TargetOptions, environment: Environment): GivenKey | null {
  if (options.keyFile) return readKeyFile(options.keyFile)
  if (environment.key === null) return null
  return { key: checkKey(environment.key.trim(), 'MCPHUB_KEY'), source: 'MCPHUB_KEY', url: null }
}

function readKeyFile(file: string): GivenKey {
  const source = '--key-file'
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw Object.assign(usageFault('The file of --key-file cannot be read.', `Check ${file}`), { cause })
  }
  if (!text.startsWith('{')) return { key: checkKey(text, source), source, url: null }
  const { credentials } = inspectCredentials(path.resolve(file), 'home')
  if (!credentials) throw usageFault('The file of --key-file holds no {"url", "key"} of a hub, or is not yours alone.')
  return { key: credentials.key, source, url: credentials.url }
}

/** @throws CliFault that does not repeat the text */
export function checkKey(text: string, source: string): string {
  if (HUB_KEY.test(text)) return text
  throw usageFault(
    `What ${source} gives is not a hub key.`,
    'A key is mcphub_ and 64 hex digits; it is shown once, when it is made.',
  )
}

function refusePlainHttp(url: URL, insecure: boolean): void {
  if (url.protocol === 'https:' || isLoopback(url) || insecure) return
  throw usageFault(
    `${showUrl(url)} is plain http: your key would be readable on the network.`,
    'Use https, or say --insecure if that network is yours.',
  )
}
