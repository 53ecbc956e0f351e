// The operator's configuration: one schema, read once from the environment, all faults in one message. `process.env` is read nowhere else.
import { HubError, LIMITS, type FieldFault } from '@mcphub/api'
import { z } from 'zod'
import { isImageAllowed } from './pods/allowed-images.ts'
import type { PodSettings } from './pods/settings.ts'
import { parseNetwork } from './policies/networks.ts'

type Env = Readonly<Record<string, string | undefined>>

const text = (help: string) => z.string().min(1).meta({ description: help })
const optional = (help: string) => z.string().optional().meta({ description: help })
const image = (help: string) =>
  z
    .string()
    .regex(/^[^\s]+$/, 'give an image such as registry/name@sha256:…')
    .meta({ description: help })
const port = (fallback: number, help: string) =>
  z.coerce.number().int().min(0).max(65_535).default(fallback).meta({ description: help })
const list = (help: string) =>
  z
    .string()
    .default('')
    .transform((value) => value.split(/[\s,]+/).filter(Boolean))
    .meta({ description: help })

const networks = (help: string) =>
  list(help)
    .refine((all) => all.every((text) => parseNetwork(text) !== null), 'give networks such as 10.0.0.0/8 or fd00::/8')
    .meta({ description: help })

/** Every variable the operator reads. The description is what `--help` prints. */
const schema = z.object({
  MCPHUB_NAMESPACE: text('namespace of the hub: the lease lies there'),
  MCPHUB_SANDBOX_NAMESPACE: text('namespace of servers, groups, sandboxes and their pods'),
  MCPHUB_INSTANCE: text('name of this installation; a label of everything it makes'),
  MCPHUB_POD_NAME: text('name of this replica; unique'),
  MCPHUB_CALL_HOME_URL: z
    .url({ protocol: /^https$/, error: 'give an https URL' })
    .meta({ description: 'https URL where pods announce themselves to the gateways' }),
  MCPHUB_CALL_HOME_IP: z
    .union([z.ipv4(), z.ipv6()], { error: 'give an IP address' })
    .optional()
    .meta({ description: 'address of its host, told to every pod; default: resolved at start' }),
  MCPHUB_BLOCKED_CIDRS: networks('networks that no sandbox reaches, whatever its manifest says'),
  MCPHUB_DNS_CIDRS: networks("resolvers beside the cluster's DNS pods, such as 169.254.20.10/32"),
  MCPHUB_NODE_IMAGE: image('image that runs npm packages'),
  MCPHUB_PYTHON_IMAGE: image('image that runs PyPI packages'),
  MCPHUB_SHIM_IMAGE: image('image that holds the shim, for images that do not'),
  MCPHUB_SHIM_DELIVERY: z
    .enum(['ImageVolume', 'InitContainer'])
    .default('InitContainer')
    .meta({ description: 'how foreign images get the shim; ImageVolume needs Kubernetes 1.35' }),
  MCPHUB_IMAGE_PULL_POLICY: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .default('IfNotPresent')
    .meta({ description: 'imagePullPolicy of every container' }),
  MCPHUB_IMAGE_PULL_SECRETS: list('names of Secrets to pull images with'),
  MCPHUB_HOST_USERS: z
    .enum(['true', 'false'])
    .default('true')
    .meta({ description: 'false: every pod gets a user namespace of its own; needs Kubernetes 1.33, Linux 6.3' }),
  MCPHUB_ALLOWED_SECRETS: list('names of Secrets that pods may refer to; the admission policy holds the same list'),
  MCPHUB_ALLOWED_IMAGES: list('what the images of servers must begin with; empty: any'),
  MCPHUB_SANDBOXES_PER_USER: z.coerce
    .number()
    .int()
    .min(0)
    .max(1000)
    .default(LIMITS.sandboxesPerUser)
    .meta({ description: 'running sandboxes of one person where no group says' }),
  MCPHUB_SANDBOX_TTL_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .meta({ description: 'a sandbox asleep for so long is deleted, unless it keeps a folder' }),
  MCPHUB_REGISTRY_URL: optional('package registry for installs; default: the public ones'),
  MCPHUB_REGISTRY_CIDRS: networks('networks that installs may reach beside the egress of their server'),
  MCPHUB_REGISTRY_SECRET: optional('Secret with `npmrc` and `pip.conf` for installs'),
  HTTPS_PROXY: optional('proxy for installs'),
  NO_PROXY: optional('hosts that installs reach without the proxy'),
  MCPHUB_PRIORITY_CLASS: optional('PriorityClass of sandbox pods'),
  MCPHUB_HEALTH_PORT: port(8081, 'port of /healthz and /readyz; 0 picks a free one'),
  MCPHUB_METRICS_PORT: port(8080, 'port of /metrics; 0 picks a free one'),
  MCPHUB_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info').meta({ description: 'log level' }),
  KUBECONFIG: optional('kubeconfig file, for an operator outside the cluster'),
  KUBERNETES_SERVICE_HOST: optional('address of the API server; the kubelet sets it'),
  KUBERNETES_SERVICE_PORT: optional('its port; the kubelet sets it'),
})

type Raw = z.infer<typeof schema>

export type LogLevel = Raw['MCPHUB_LOG_LEVEL']

export interface Config {
  /** where the API server is */
  readonly api: { readonly kubeconfig: string } | { readonly host: string; readonly port: string }
  readonly namespace: string
  readonly identity: string
  readonly sandboxTtlDays: number
  readonly sandboxesPerUser: number
  /** what every pod and policy is made with */
  readonly pods: PodSettings
  readonly healthPort: number
  readonly metricsPort: number
  readonly logLevel: LogLevel
}

/** An empty variable is an absent one: charts and shells write both. */
const dropEmpty = (env: Env): Env => Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))

/** @throws HubError `invalid_request` whose `faults` name every wrong variable and the fix; values are never repeated */
export function readConfig(env: Env): Config {
  const parsed = schema.safeParse(dropEmpty(env))
  const faults = parsed.success ? checkRaw(parsed.data) : parsed.error.issues.map((issue) => presentIssue(issue, env))
  if (!parsed.success || faults.length > 0) {
    const lines = faults.map(({ field, message }) => `  ${field}: ${message}`)
    throw new HubError('invalid_request', `The configuration is wrong:\n${lines.join('\n')}`, { faults })
  }
  return Object.freeze(toConfig(parsed.data))
}

function presentIssue({ path, message }: z.core.$ZodIssue, env: Env): FieldFault {
  const field = path.join('.')
  const { description = '' } = schema.shape[field as keyof Raw]?.meta() ?? {}
  return { field, message: env[field] ? `${message} (${description})` : `is not set (${description})` }
}

/** What a pod would be refused for later is a fault of the configuration now. */
function checkRaw(raw: Raw): FieldFault[] {
  const faults: FieldFault[] = []
  const { MCPHUB_REGISTRY_SECRET: secret, MCPHUB_IMAGE_PULL_SECRETS: pull, MCPHUB_ALLOWED_SECRETS: allowed } = raw
  if (secret !== undefined && !allowed.includes(secret))
    faults.push({ field: 'MCPHUB_REGISTRY_SECRET', message: 'is not among MCPHUB_ALLOWED_SECRETS; add it there' })
  if (!pull.every((name) => allowed.includes(name)))
    faults.push({
      field: 'MCPHUB_IMAGE_PULL_SECRETS',
      message: 'one is not among MCPHUB_ALLOWED_SECRETS; add it there',
    })
  for (const field of ['MCPHUB_NODE_IMAGE', 'MCPHUB_PYTHON_IMAGE', 'MCPHUB_SHIM_IMAGE'] as const) {
    if (!isImageAllowed(raw[field], raw.MCPHUB_ALLOWED_IMAGES))
      faults.push({ field, message: 'does not begin with any of MCPHUB_ALLOWED_IMAGES; add its registry there' })
  }
  if (raw.KUBECONFIG === undefined && (raw.KUBERNETES_SERVICE_HOST === undefined || !raw.KUBERNETES_SERVICE_PORT))
    faults.push({ field: 'KUBECONFIG', message: 'is not set, and this is no pod; name a kubeconfig file' })
  return faults
}

function toConfig(raw: Raw): Config {
  const { KUBECONFIG: kubeconfig, KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: apiPort = '' } = raw
  return {
    api: kubeconfig === undefined ? { host, port: apiPort } : { kubeconfig },
    namespace: raw.MCPHUB_NAMESPACE,
    identity: raw.MCPHUB_POD_NAME,
    sandboxTtlDays: raw.MCPHUB_SANDBOX_TTL_DAYS,
    sandboxesPerUser: raw.MCPHUB_SANDBOXES_PER_USER,
    pods: toPodSettings(raw),
    healthPort: raw.MCPHUB_HEALTH_PORT,
    metricsPort: raw.MCPHUB_METRICS_PORT,
    logLevel: raw.MCPHUB_LOG_LEVEL,
  }
}

function toPodSettings(raw: Raw): PodSettings {
  return {
    namespace: raw.MCPHUB_SANDBOX_NAMESPACE,
    hubNamespace: raw.MCPHUB_NAMESPACE,
    instance: raw.MCPHUB_INSTANCE,
    callHomeUrl: raw.MCPHUB_CALL_HOME_URL,
    callHomeIp: raw.MCPHUB_CALL_HOME_IP ?? null,
    blockedCidrs: raw.MCPHUB_BLOCKED_CIDRS,
    dnsCidrs: raw.MCPHUB_DNS_CIDRS,
    nodeImage: raw.MCPHUB_NODE_IMAGE,
    pythonImage: raw.MCPHUB_PYTHON_IMAGE,
    shimImage: raw.MCPHUB_SHIM_IMAGE,
    shimDelivery: raw.MCPHUB_SHIM_DELIVERY,
    imagePullPolicy: raw.MCPHUB_IMAGE_PULL_POLICY,
    imagePullSecrets: raw.MCPHUB_IMAGE_PULL_SECRETS,
    hostUsers: raw.MCPHUB_HOST_USERS === 'true',
    allowedImages: raw.MCPHUB_ALLOWED_IMAGES,
    priorityClass: raw.MCPHUB_PRIORITY_CLASS ?? null,
    registry: {
      url: raw.MCPHUB_REGISTRY_URL ?? null,
      cidrs: raw.MCPHUB_REGISTRY_CIDRS,
      secret: raw.MCPHUB_REGISTRY_SECRET ?? null,
      httpsProxy: raw.HTTPS_PROXY ?? null,
      noProxy: raw.NO_PROXY ?? null,
    },
  }
}

/** One line per variable, for `--help`. */
export function describeConfig(): string {
  const rows = Object.entries(schema.shape).map(([name, field]) => {
    const fallback = field.safeParse(undefined)
    const shown =
      fallback.success && fallback.data !== undefined && String(fallback.data) !== ''
        ? ` [${String(fallback.data)}]`
        : ''
    return `  ${name.padEnd(28)} ${field.meta()?.description ?? ''}${shown}`
  })
  return rows.join('\n')
}
