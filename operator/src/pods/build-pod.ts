// Makes the pod of a sandbox or of a warm pool, and the hash of what it is made from. Pure. The one file where a pod's security context is
// made. Guarantee, property-tested: whatever a valid McpServer or UserGroup says, the pod meets PodSecurity `restricted` and the list of
// hardening controls; nothing of a manifest but an image, a package's name, quantities and a RuntimeClass gets into it, and never a value
// of a person: those are pushed to the shim later.
import { createHash } from 'node:crypto'
import { LABELS, commonLabels, type EffectiveLimits, type StdioSpec } from '@mcphub/api'
import type { KubeObject } from '@mcphub/kube'
import { DRAIN_SECONDS } from './grace.ts'
import {
  SHIM_FOLDER,
  SHIM_PATH,
  installContainer,
  installVolumes,
  isPackage,
  shimContainer,
} from './init-containers.ts'
import type { InitContainer } from './init-containers.ts'
import { resourcesOf, STORAGE } from './pod-resources.ts'
import { ownerReference } from './owner.ts'
import { SHIM_PORT, type PodSettings } from './settings.ts'

export const SANDBOX_ACCOUNT = 'mcphub-sandbox'
export const TRUST_CONFIG_MAP = 'mcphub-trust'
/** No account of any image, and the same in all, so that a folder that is kept stays readable. */
const SANDBOX_UID = 64_536
/** A node that does not answer is given up after so long; Kubernetes' own default is 300 s. */
const LOST_NODE_SECONDS = 30
/** An operator that is away does not let a pod live for ever. */
const LIFETIME_MARGIN_SECONDS = 60

const IDENTITY_PATH = '/run/mcphub'
const SECURITY_CONTEXT = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: SANDBOX_UID,
  runAsGroup: SANDBOX_UID,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const

export interface PodTemplate {
  readonly server: { readonly name: string; readonly stdio: StdioSpec }
  readonly limits: EffectiveLimits
  readonly settings: PodSettings
}

/** Whose pod it is. A pool's is nobody's until it is taken. */
export type PodOwner =
  | {
      readonly kind: 'sandbox'
      readonly name: string
      readonly uid: string
      readonly userRef: string | undefined
      /** which pod of the sandbox it is */
      readonly number: number
    }
  | { readonly kind: 'pool'; readonly uid: string; readonly suffix: string }

export function buildPod(template: PodTemplate, owner: PodOwner): KubeObject {
  const { server, settings } = template
  const pool = owner.kind === 'pool'
  const lifetime = pool ? {} : deadlineOf(server.stdio)
  return {
    metadata: {
      namespace: settings.namespace,
      name: pool ? `${server.name.slice(0, 40)}-pool-${owner.suffix}` : `${owner.name}-${owner.number}`,
      labels: {
        ...commonLabels('sandbox', settings.instance),
        [LABELS.server]: server.name,
        [LABELS.templateHash]: templateHash(template),
        ...(pool ? { [LABELS.pool]: server.name } : claimLabels(owner)),
      },
      ownerReferences: [
        pool
          ? ownerReference('McpServer', server.name, owner.uid)
          : ownerReference('McpSandbox', owner.name, owner.uid),
      ],
    },
    spec: { ...buildSpec(template, pool ? '' : owner.name), ...lifetime },
  }
}

/** Equal for pods that can stand for each other: names, owners and lifetimes do not count. */
export function templateHash(template: PodTemplate): string {
  return createHash('sha256')
    .update(JSON.stringify(buildSpec(template, '')))
    .digest('hex')
    .slice(0, 16)
}

/** Makes a pool's pod a sandbox's: a merge patch that fails when anybody else was faster. */
export function buildClaim(
  pod: {
    readonly metadata: { readonly uid: string; readonly resourceVersion: string; readonly creationTimestamp?: string }
  },
  { name, uid, userRef }: { readonly name: string; readonly uid: string; readonly userRef: string | undefined },
  lifetime: { readonly stdio: StdioSpec; readonly nowMs: number },
): object {
  const deadline = deadlineOf(lifetime.stdio).activeDeadlineSeconds
  // it counts from the pod's start, not from now
  const age = Math.max(0, Math.ceil((lifetime.nowMs - Date.parse(pod.metadata.creationTimestamp ?? '')) / 1000) || 0)
  return {
    metadata: {
      uid: pod.metadata.uid,
      resourceVersion: pod.metadata.resourceVersion,
      labels: { [LABELS.pool]: null, ...claimLabels({ name, userRef }) },
      ownerReferences: [ownerReference('McpSandbox', name, uid)],
    },
    ...(deadline === undefined ? {} : { spec: { activeDeadlineSeconds: deadline + age } }),
  }
}

const claimLabels = ({ name, userRef }: { name: string; userRef: string | undefined }): Record<string, string> => ({
  [LABELS.sandbox]: name,
  ...(userRef === undefined ? {} : { [LABELS.userHash]: userRef }),
})

function deadlineOf({ maxLifetimeSeconds }: StdioSpec): { activeDeadlineSeconds?: number } {
  if (maxLifetimeSeconds === undefined) return {}
  return { activeDeadlineSeconds: maxLifetimeSeconds + DRAIN_SECONDS + LIFETIME_MARGIN_SECONDS }
}

function buildSpec(template: PodTemplate, claimName: string): Record<string, unknown> {
  const {
    server: { stdio },
    limits,
    settings,
  } = template
  const keeps = stdio.persistence.mode === 'Retain'
  const runtimeClassName = limits.runtimeClassName ?? stdio.runtimeClassName
  const resources = resourcesOf(stdio, limits)
  const initContainers = [...shimContainer(stdio, settings), ...installContainer(stdio, settings)].map((container) =>
    secure(container, resources, settings),
  )
  return {
    serviceAccountName: SANDBOX_ACCOUNT,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...callHomeAlias(settings),
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: DRAIN_SECONDS,
    ...(settings.hostUsers ? {} : { hostUsers: false }),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(settings.priorityClass === null ? {} : { priorityClassName: settings.priorityClass }),
    ...(settings.imagePullSecrets.length === 0
      ? {}
      : { imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })) }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: SANDBOX_UID,
      runAsGroup: SANDBOX_UID,
      // a volume comes with an owner of its own
      ...(keeps ? { fsGroup: SANDBOX_UID, fsGroupChangePolicy: 'OnRootMismatch' } : {}),
      seccompProfile: { type: 'RuntimeDefault' },
    },
    tolerations: ['not-ready', 'unreachable'].map((state) => ({
      key: `node.kubernetes.io/${state}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: LOST_NODE_SECONDS,
    })),
    ...(initContainers.length === 0 ? {} : { initContainers }),
    containers: [secure(sandboxContainer(stdio, settings), resources, settings)],
    volumes: buildVolumes(template, keeps ? claimName : null),
  }
}

/** A name in the pod's own hosts file: whoever may reach nothing needs no resolver either, through which data could leave. */
function callHomeAlias({ callHomeUrl, callHomeIp }: PodSettings): { hostAliases?: object[] } {
  const { hostname } = new URL(callHomeUrl)
  // an address in the URL needs no name
  if (callHomeIp === null || /^[\d.]+$|^\[/.test(hostname)) return {}
  return { hostAliases: [{ ip: callHomeIp, hostnames: [hostname] }] }
}

function secure(container: InitContainer, resources: object, { imagePullPolicy }: PodSettings): object {
  return { imagePullPolicy, ...container, resources, securityContext: SECURITY_CONTEXT }
}

function sandboxContainer(
  stdio: StdioSpec,
  settings: PodSettings,
): InitContainer & { readonly ports: readonly object[] } {
  const field = (fieldPath: string): object => ({ fieldRef: { fieldPath } })
  return {
    name: 'sandbox',
    image: imageOf(stdio, settings),
    command: [isPackage(stdio) ? '/usr/local/bin/mcphub-shim' : SHIM_PATH],
    env: [
      { name: 'HOME', value: '/work' },
      { name: 'TMPDIR', value: '/tmp' },
      { name: 'MCPHUB_POD_NAME', valueFrom: field('metadata.name') },
      { name: 'MCPHUB_POD_UID', valueFrom: field('metadata.uid') },
      { name: 'MCPHUB_GATEWAY_URL', value: settings.callHomeUrl },
      { name: 'MCPHUB_LISTEN', value: `:${SHIM_PORT}` },
      { name: 'MCPHUB_TOKEN_FILE', value: `${IDENTITY_PATH}/token` },
      { name: 'MCPHUB_CA_FILE', value: `${IDENTITY_PATH}/ca.crt` },
      { name: 'MCPHUB_KEYS_FILE', value: `${IDENTITY_PATH}/keys.pem` },
      { name: 'MCPHUB_DRAIN_MS', value: String(DRAIN_SECONDS * 1000) },
    ],
    ports: [{ name: 'shim', containerPort: SHIM_PORT, protocol: 'TCP' }],
    workingDir: '/work',
    volumeMounts: [
      { name: 'identity', mountPath: IDENTITY_PATH, readOnly: true },
      { name: 'work', mountPath: '/work' },
      { name: 'tmp', mountPath: '/tmp' },
      isPackage(stdio)
        ? { name: 'package', mountPath: '/package', readOnly: true }
        : { name: 'shim', mountPath: SHIM_FOLDER, readOnly: true },
    ],
  }
}

/** A package runs in the runner image of its language. */
export function imageOf({ image, package: wanted }: StdioSpec, { nodeImage, pythonImage }: PodSettings): string {
  if (image !== undefined) return image
  return wanted?.npm ? nodeImage : pythonImage
}

function buildVolumes({ server: { name, stdio }, settings }: PodTemplate, claimName: string | null): object[] {
  const emptyDir = (name: string, sizeLimit: string): object => ({ name, emptyDir: { sizeLimit } })
  const { shimDelivery, shimImage, imagePullPolicy } = settings
  const shim =
    shimDelivery === 'ImageVolume'
      ? { name: 'shim', image: { reference: shimImage, pullPolicy: imagePullPolicy } }
      : emptyDir('shim', STORAGE.shim)
  return [
    {
      name: 'identity',
      projected: {
        sources: [
          { serviceAccountToken: { audience: 'mcphub-gateway', expirationSeconds: 3600, path: 'token' } },
          {
            configMap: {
              name: TRUST_CONFIG_MAP,
              items: ['ca.crt', 'keys.pem'].map((key) => ({ key, path: key })),
            },
          },
        ],
      },
    },
    claimName === null ? emptyDir('work', STORAGE.work) : { name: 'work', persistentVolumeClaim: { claimName } },
    emptyDir('tmp', STORAGE.tmp),
    ...(isPackage(stdio) ? installVolumes(name, settings) : [shim]),
  ]
}
