// The gateway's configuration: one schema, read once from the environment, all faults in one message, frozen. `process.env` is read nowhere else.
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { HubError, LIMITS, type FieldFault } from '@mcphub/api'
import { z } from 'zod'
import { readProviderFile } from './features/providers/provider-file.ts'
import type { ProviderSetting } from './features/providers/provider-settings.ts'
import { CLUSTER_FIELDS, checkRingFile, readCluster, type ClusterConfig } from './cluster-config.ts'

type Env = Readonly<Record<string, string | undefined>>

const text = (help: string) => z.string().min(1).meta({ description: help })
const count = (fallback: number, min: number, max: number, help: string) =>
  z.coerce.number().int().min(min).max(max).default(fallback).meta({ description: help })
const list = (help: string) =>
  z
    .string()
    .default('')
    .transform((value) => value.split(/[\s,]+/).filter(Boolean))
    .meta({ description: help })

const second = 1000

/** Every variable the gateway reads. The description is what `--help` prints. */
const schema = z.object({
  MCPHUB_MODE: z
    .enum(['local', 'kubernetes'])
    .default('local')
    .meta({ description: 'local: one machine, children are processes; kubernetes: custom resources and pods' }),
  MCPHUB_DATA_DIR: text('folder for packages, work folders and run files; private to the hub'),
  MCPHUB_CATALOG_DIR: z
    .string()
    .optional()
    .meta({ description: 'local: folder of McpServer and UserGroup manifests (YAML)' }),
  MCPHUB_DATABASE_URL: z.string().optional().meta({ description: 'PostgreSQL URL; prefer MCPHUB_DATABASE_URL_FILE' }),
  MCPHUB_DATABASE_URL_FILE: z.string().optional().meta({ description: 'file that holds the PostgreSQL URL' }),
  MCPHUB_DATABASE_POOL: count(8, 1, 100, 'PostgreSQL connections'),
  MCPHUB_KEYRING_FILE: z
    .string()
    .optional()
    .meta({ description: 'key ring (0600); default <data>/keyring.json; kubernetes: a mounted Secret' }),
  MCPHUB_HOST: list(
    'addresses to listen on; default both loopbacks (kubernetes: all). Any other address refuses the demo key',
  ),
  MCPHUB_PORT: count(3000, 0, 65_535, 'port of the MCP endpoint and the REST API; 0 picks a free one'),
  MCPHUB_METRICS_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .meta({ description: 'port of /metrics; default: a free one, on loopback (kubernetes: 9090, on all addresses)' }),
  MCPHUB_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'where people reach the hub, for links; default http://localhost:<port>' }),
  MCPHUB_CONSOLE: z.enum(['on', 'off']).default('on').meta({ description: 'serve the console to browsers' }),
  MCPHUB_CONSOLE_DIR: z
    .string()
    .optional()
    .meta({ description: 'folder of the built console; default: beside the gateway' }),
  MCPHUB_PUBLIC_HOSTS: list('host names besides loopback that requests may name (Host, Origin)'),
  MCPHUB_TRUSTED_PROXIES: count(
    0,
    0,
    10,
    'proxies in front, each of which adds its caller to X-Forwarded-For: tries to log in are counted by the address they tell; 0 = the socket’s',
  ),
  MCPHUB_HUB_MARK: z
    .string()
    .regex(/^[0-9a-f]{16,64}$/)
    .optional()
    .meta({ description: 'mark that every child carries in its environment; default: made and kept in <data>' }),
  MCPHUB_NODE_PATH: z.string().optional().meta({ description: 'node binary for stdio servers; default this one' }),
  MCPHUB_NPMRC: z
    .string()
    .optional()
    .meta({ description: 'npmrc file for installs (private registries); never seen by children' }),
  MCPHUB_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .meta({ description: 'log level' }),
  MCPHUB_DEMO_KEY: z
    .enum(['on', 'off'])
    .default('on')
    .meta({ description: 'make a demo user with a key at the first start' }),
  MCPHUB_IDENTITY_GRACE_SECONDS: count(
    LIMITS.identityCacheMs / second,
    0,
    3600,
    'known identities outlive a dead database; 0 = fail closed',
  ),
  MCPHUB_CALL_IDLE_SECONDS: count(LIMITS.upstreamIdleMs / second, 1, 3600, 'a call may stay silent this long'),
  MCPHUB_CALL_MAX_SECONDS: count(LIMITS.upstreamCallMs / second, 1, 86_400, 'a call with progress may last this long'),
  MCPHUB_PARKED_CALL_SECONDS: count(
    LIMITS.parkedCallMs / second,
    1,
    3600,
    'a call whose server asked something waits for its client this long',
  ),
  MCPHUB_SANDBOX_START_SECONDS: count(LIMITS.sandboxStartMs / second, 1, 600, 'a call waits this long for a sandbox'),
  MCPHUB_SANDBOX_IDLE_SECONDS: count(LIMITS.sandboxIdleMs / second, 1, 86_400, 'an unused sandbox ends after'),
  MCPHUB_SANDBOXES_PER_USER: count(LIMITS.sandboxesPerUser, 1, 1000, 'running sandboxes per user'),
  MCPHUB_SESSION_IDLE_SECONDS: count(
    LIMITS.sessionIdleMs / second,
    10,
    86_400,
    'live state of a session is freed after',
  ),
  MCPHUB_SESSION_MAX_SECONDS: count(LIMITS.sessionAbsoluteMs / second, 60, 30 * 86_400, 'a session id ends after'),
  MCPHUB_SESSIONS_PER_USER: count(LIMITS.sessionsPerUser, 1, 10_000, 'sessions of a user that keep live state'),
  MCPHUB_CONSOLE_IDLE_SECONDS: count(
    LIMITS.consoleIdleMs / second,
    300,
    30 * 86_400,
    'an unused login at the console ends after',
  ),
  MCPHUB_CONSOLE_MAX_SECONDS: count(
    LIMITS.consoleAbsoluteMs / second,
    300,
    365 * 86_400,
    'a login at the console ends after',
  ),
  MCPHUB_LOGIN_LOCAL: z
    .enum(['on', 'off'])
    .default('on')
    .meta({ description: 'log in at the console with a username and a password' }),
  MCPHUB_LOGIN_FILE: z
    .string()
    .optional()
    .meta({ description: 'YAML list of the providers people log in through (docs/guides/login-*.md)' }),
  MCPHUB_CLAIMS_DAYS: count(
    LIMITS.claimsDays,
    1,
    3650,
    'what a provider says of a person counts so long after a login',
  ),
  MCPHUB_LOGIN_DAYS: count(
    LIMITS.loginDays,
    0,
    3650,
    'who came by a provider must log in again after so many days; 0 = never',
  ),
  MCPHUB_CALLS_PER_USER: count(LIMITS.callsPerUser, 1, 10_000, 'calls in flight per user'),
  MCPHUB_CALLS_PER_SERVER: count(LIMITS.callsPerServer, 1, 100_000, 'calls in flight per server'),
  MCPHUB_QUEUED_CALLS_PER_USER: count(LIMITS.queuedCallsPerUser, 0, 10_000, 'calls of a user that may wait for a slot'),
  MCPHUB_AUDIT_DAYS: count(LIMITS.auditDays, 1, 3650, 'days audit records are kept'),
  HTTPS_PROXY: z.string().optional().meta({ description: 'proxy for remote servers and installs' }),
  NO_PROXY: z.string().optional().meta({ description: 'hosts that are reached without the proxy' }),
  ...CLUSTER_FIELDS,
  NODE_EXTRA_CA_CERTS: z.string().optional().meta({ description: 'file with more certificate authorities' }),
})

type Raw = z.infer<typeof schema>

/** Durations in milliseconds, sizes in bytes. */
export interface Config {
  readonly mode: 'local' | 'kubernetes'
  /** null on one machine */
  readonly cluster: ClusterConfig | null
  readonly dataDir: string
  /** null in a cluster */
  readonly catalogDir: string | null
  readonly databaseUrl: string
  readonly databasePool: number
  readonly keyringFile: string
  readonly hosts: readonly string[]
  /** true while only loopback is listened on: the demo key exists only then */
  readonly loopbackOnly: boolean
  readonly port: number
  readonly metricsHost: string
  readonly metricsPort: number
  /** without a slash at its end */
  readonly publicUrl: string | null
  readonly publicHosts: readonly string[]
  /** whose X-Forwarded-For is believed, for counting alone */
  readonly trustedProxies: number
  /** null: this hub has no console */
  readonly consoleDir: string | null
  readonly hubMark: string | null
  readonly nodePath: string
  readonly npmrc: string | null
  readonly logLevel: Raw['MCPHUB_LOG_LEVEL']
  readonly demoKey: boolean
  readonly identityGraceMs: number
  readonly callIdleMs: number
  readonly callMaxMs: number
  readonly parkedCallMs: number
  readonly sandboxStartMs: number
  readonly sandboxIdleMs: number
  readonly sandboxesPerUser: number
  readonly sessionIdleMs: number
  readonly sessionAbsoluteMs: number
  readonly sessionsPerUser: number
  readonly consoleIdleMs: number
  readonly consoleMaxMs: number
  readonly localLogin: boolean
  readonly providers: readonly ProviderSetting[]
  readonly claimsDays: number
  /** 0 = for ever */
  readonly loginDays: number
  readonly callsPerUser: number
  readonly callsPerServer: number
  readonly queuedCallsPerUser: number
  readonly auditDays: number
  readonly proxy: { readonly url: string | null; readonly noProxy: string | null; readonly extraCaFile: string | null }
}

const ALL_ADDRESSES = '0.0.0.0'
const METRICS_PORT = 9090
const LOOPBACK = ['127.0.0.1', '::1'] as const

function readDatabaseUrl(raw: Raw, faults: FieldFault[]): string {
  if (raw.MCPHUB_DATABASE_URL_FILE !== undefined) {
    try {
      return readFileSync(raw.MCPHUB_DATABASE_URL_FILE, 'utf8').trim()
    } catch {
      faults.push({
        field: 'MCPHUB_DATABASE_URL_FILE',
        message: 'cannot be read; name a readable file holding the URL',
      })
      return ''
    }
  }
  if (raw.MCPHUB_DATABASE_URL === undefined) {
    faults.push({ field: 'MCPHUB_DATABASE_URL_FILE', message: 'set it (or MCPHUB_DATABASE_URL) to a PostgreSQL URL' })
    return ''
  }
  return raw.MCPHUB_DATABASE_URL
}

function checkHosts(hosts: readonly string[], faults: FieldFault[]): void {
  for (const host of hosts) {
    if (isIP(host) === 0)
      faults.push({ field: 'MCPHUB_HOST', message: `"${host}" is not an IP address; give addresses such as 127.0.0.1` })
  }
}

function checkCatalogFolder(env: Env, faults: FieldFault[]): void {
  if (env['MCPHUB_CATALOG_DIR']) return
  faults.push({ field: 'MCPHUB_CATALOG_DIR', message: 'is not set (folder of McpServer and UserGroup manifests)' })
}

/** An empty variable is an absent one: compose files and shells write both. */
const dropEmpty = (env: Env): Env => Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))

function presentIssue({ path, message }: z.core.$ZodIssue, env: Env): FieldFault {
  const field = path.join('.')
  const { description = '' } = schema.shape[field as keyof typeof schema.shape]?.meta() ?? {}
  return { field, message: env[field] ? `${message} (${description})` : `is not set (${description})` }
}

/** @throws HubError `invalid_request` whose `faults` name every wrong variable and the fix; values are never repeated */
export function readConfig(env: Env): Config {
  const parsed = schema.safeParse(dropEmpty(env))
  const faults: FieldFault[] = []
  const isCluster = env['MCPHUB_MODE'] === 'kubernetes'
  if (!isCluster) checkCatalogFolder(env, faults)
  if (!parsed.success) {
    faults.push(...parsed.error.issues.map((issue) => presentIssue(issue, env)))
    throw new HubError('invalid_request', describeFaults(faults), { faults })
  }
  const raw = parsed.data
  const databaseUrl = readDatabaseUrl(raw, faults)
  checkHosts(raw.MCPHUB_HOST, faults)
  const cluster = isCluster ? readCluster(raw, faults) : null
  if (isCluster) checkRingFile(raw.MCPHUB_KEYRING_FILE, faults)
  const providers = raw.MCPHUB_LOGIN_FILE === undefined ? [] : readProviderFile(raw.MCPHUB_LOGIN_FILE, faults)
  const listening = readListening(raw)
  if (providers.length > 0 && listening.publicUrl === null && !listening.loopbackOnly) {
    const message = 'is not set: providers send people back to it; give the address people reach the hub at'
    faults.push({ field: 'MCPHUB_PUBLIC_URL', message })
  }
  if (faults.length > 0) throw new HubError('invalid_request', describeFaults(faults), { faults })
  return Object.freeze({ ...toConfig(raw, databaseUrl, cluster), ...listening, providers })
}

const USUAL = {
  local: { hosts: LOOPBACK, metricsHost: LOOPBACK[0], metricsPort: 0 },
  kubernetes: { hosts: [ALL_ADDRESSES], metricsHost: null, metricsPort: METRICS_PORT },
} as const

type Listening = Pick<Config, 'hosts' | 'loopbackOnly' | 'metricsHost' | 'metricsPort' | 'demoKey' | 'publicUrl'>

function readListening(raw: Raw): Listening {
  const usual = USUAL[raw.MCPHUB_MODE]
  const hosts = raw.MCPHUB_HOST.length > 0 ? raw.MCPHUB_HOST : usual.hosts
  const loopbackOnly = hosts.every((host) => LOOPBACK.some((one) => one === host))
  return {
    hosts,
    loopbackOnly,
    metricsHost: usual.metricsHost ?? hosts[0]!,
    metricsPort: raw.MCPHUB_METRICS_PORT ?? usual.metricsPort,
    publicUrl: raw.MCPHUB_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    demoKey: raw.MCPHUB_MODE === 'local' && raw.MCPHUB_DEMO_KEY === 'on' && loopbackOnly,
  }
}

/** Beside the bundled gateway of the image, or where a checkout builds it. */
function findConsole(raw: Raw): string | null {
  if (raw.MCPHUB_CONSOLE === 'off') return null
  if (raw.MCPHUB_CONSOLE_DIR !== undefined) return raw.MCPHUB_CONSOLE_DIR
  const bundled = join(import.meta.dirname, 'console')
  return existsSync(bundled) ? bundled : join(import.meta.dirname, '../../console/dist')
}

type Plain = Omit<Config, keyof Listening | 'providers'>

function toConfig(raw: Raw, databaseUrl: string, cluster: ClusterConfig | null): Plain {
  return {
    mode: raw.MCPHUB_MODE,
    cluster,
    dataDir: raw.MCPHUB_DATA_DIR,
    catalogDir: cluster === null ? raw.MCPHUB_CATALOG_DIR! : null,
    databaseUrl,
    databasePool: raw.MCPHUB_DATABASE_POOL,
    keyringFile: raw.MCPHUB_KEYRING_FILE ?? `${raw.MCPHUB_DATA_DIR}/keyring.json`,
    port: raw.MCPHUB_PORT,
    publicHosts: raw.MCPHUB_PUBLIC_HOSTS,
    trustedProxies: raw.MCPHUB_TRUSTED_PROXIES,
    consoleDir: findConsole(raw),
    hubMark: raw.MCPHUB_HUB_MARK ?? null,
    nodePath: raw.MCPHUB_NODE_PATH ?? process.execPath,
    npmrc: raw.MCPHUB_NPMRC ?? null,
    logLevel: raw.MCPHUB_LOG_LEVEL,
    identityGraceMs: raw.MCPHUB_IDENTITY_GRACE_SECONDS * second,
    callIdleMs: raw.MCPHUB_CALL_IDLE_SECONDS * second,
    callMaxMs: raw.MCPHUB_CALL_MAX_SECONDS * second,
    parkedCallMs: raw.MCPHUB_PARKED_CALL_SECONDS * second,
    sandboxStartMs: raw.MCPHUB_SANDBOX_START_SECONDS * second,
    sandboxIdleMs: raw.MCPHUB_SANDBOX_IDLE_SECONDS * second,
    sandboxesPerUser: raw.MCPHUB_SANDBOXES_PER_USER,
    sessionIdleMs: raw.MCPHUB_SESSION_IDLE_SECONDS * second,
    sessionAbsoluteMs: raw.MCPHUB_SESSION_MAX_SECONDS * second,
    sessionsPerUser: raw.MCPHUB_SESSIONS_PER_USER,
    consoleIdleMs: raw.MCPHUB_CONSOLE_IDLE_SECONDS * second,
    consoleMaxMs: raw.MCPHUB_CONSOLE_MAX_SECONDS * second,
    localLogin: raw.MCPHUB_LOGIN_LOCAL === 'on',
    claimsDays: raw.MCPHUB_CLAIMS_DAYS,
    loginDays: raw.MCPHUB_LOGIN_DAYS,
    callsPerUser: raw.MCPHUB_CALLS_PER_USER,
    callsPerServer: raw.MCPHUB_CALLS_PER_SERVER,
    queuedCallsPerUser: raw.MCPHUB_QUEUED_CALLS_PER_USER,
    auditDays: raw.MCPHUB_AUDIT_DAYS,
    proxy: {
      url: raw.HTTPS_PROXY ?? null,
      noProxy: raw.NO_PROXY ?? null,
      extraCaFile: raw.NODE_EXTRA_CA_CERTS ?? null,
    },
  }
}

function describeFaults(faults: readonly FieldFault[]): string {
  return `The configuration is wrong:\n${faults.map((fault) => `  ${fault.field}: ${fault.message}`).join('\n')}`
}

/** One line per variable, for `--help`. */
export function describeConfig(): string {
  const rows = Object.entries(schema.shape).map(([name, field]) => {
    const fallback = field.safeParse(undefined)
    const shown =
      fallback.success && fallback.data !== undefined && String(fallback.data) !== ''
        ? ` [${String(fallback.data)}]`
        : ''
    return `  ${name.padEnd(30)} ${field.meta()?.description ?? ''}${shown}`
  })
  return rows.join('\n')
}
