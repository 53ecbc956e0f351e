// Pods for the admission policy: one that may be, as the operator makes them, and what it must refuse, each one step away from that.
import type { Manifest } from './helm.ts'

/** A pod's members as JSON: tests change them freely. */
// eslint-disable-next-line typescript/no-explicit-any
type Json = any

export const PRIORITY_CLASS = 'chart-test-sandbox'
/** what the chart is given for `sandboxes.allowedSecrets` and `.allowedImages` */
export const ALLOWED_SECRETS = ['org-token', 'registry-credentials']
export const ALLOWED_IMAGES = ['registry.example/mcp', 'localhost/']

export function buildGoodPod(): Json {
  const limits = () => ({ cpu: '1', memory: '256Mi', 'ephemeral-storage': '1Gi' })
  const securityContext = () => ({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'canary-' },
    spec: {
      restartPolicy: 'Never',
      serviceAccountName: 'mcphub-sandbox',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      hostUsers: false,
      priorityClassName: PRIORITY_CLASS,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 64_536,
        runAsGroup: 64_536,
        fsGroup: 64_536,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      initContainers: [
        {
          name: 'shim',
          image: 'localhost/mcphub-shim:1',
          resources: { limits: limits() },
          securityContext: securityContext(),
        },
      ],
      containers: [
        {
          name: 'sandbox',
          image: 'registry.example/mcp/server@sha256:0000000000000000000000000000000000000000000000000000000000000000',
          env: [
            { name: 'MCPHUB_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'ORG', valueFrom: { secretKeyRef: { name: 'org-token', key: 'token' } } },
          ],
          ports: [{ name: 'shim', containerPort: 8477 }],
          readinessProbe: { tcpSocket: { port: 8477 } },
          resources: { limits: limits() },
          securityContext: securityContext(),
          volumeMounts: [{ name: 'work', mountPath: '/work' }],
        },
      ],
      volumes: [
        { name: 'work', emptyDir: { sizeLimit: '1Gi' } },
        { name: 'trust', configMap: { name: 'mcphub-trust' } },
        { name: 'lock', configMap: { name: 'mcphub-lock-filesystem', optional: true } },
        { name: 'registry', secret: { secretName: 'registry-credentials' } },
        {
          name: 'identity',
          projected: {
            sources: [{ serviceAccountToken: { path: 'token', audience: 'mcphub-gateway', expirationSeconds: 3600 } }],
          },
        },
      ],
    },
  }
}

export interface BadPod {
  readonly name: string
  readonly change: (spec: Json) => void
  /** part of the policy's own sentence */
  readonly says: string
}

const bad = (name: string, says: string, change: (spec: Json) => void): BadPod => ({ name, change, says })
const volume = (source: object) => (spec: Json) => void spec.volumes.push({ name: 'more', ...source })
const project = (source: object) => (spec: Json) => void spec.volumes.at(-1).projected.sources.push(source)
const first = (change: (container: Json) => void) => (spec: Json) => change(spec.containers[0])
const init = (change: (container: Json) => void) => (spec: Json) => change(spec.initContainers[0])
const context = (members: object) => first((container) => void Object.assign(container.securityContext, members))
const pod = (members: object) => (spec: Json) => void Object.assign(spec, members)
const podContext = (members: object) => (spec: Json) => void Object.assign(spec.securityContext, members)
const env = (source: object) => first((container) => void container.env.push({ name: 'MORE', valueFrom: source }))

const NODE = 'shares nothing with its node'
const VOLUMES = 'no hostPath and no other'
const SECRETS = 'that sandboxes.allowedSecrets does not name'
const ENVIRONMENT = 'no envFrom, no configMapKeyRef'
const TOKEN = 'audience mcphub-gateway'
const USER = 'a user and group of 10000 or above'
const LIMITED = 'limits of cpu, memory and ephemeral-storage'
const IMAGE = 'none of the prefixes in sandboxes.allowedImages'

export const BAD_PODS: readonly BadPod[] = [
  // the API server itself refuses these together with user namespaces
  bad('hostNetwork', NODE, pod({ hostNetwork: true, hostUsers: true })),
  bad('hostPID', NODE, pod({ hostPID: true, hostUsers: true })),
  bad('hostIPC', NODE, pod({ hostIPC: true, hostUsers: true })),
  bad(
    'a hostPort',
    'remove hostPort',
    first((container) => void (container.ports[0].hostPort = 8477)),
  ),
  bad('a hostPath', VOLUMES, volume({ hostPath: { path: '/' } })),
  bad('an NFS volume', VOLUMES, volume({ nfs: { server: '10.0.0.1', path: '/' } })),
  bad('a CSI volume', VOLUMES, volume({ csi: { driver: 'secrets-store.csi.k8s.io' } })),
  bad('a downwardAPI volume', VOLUMES, volume({ downwardAPI: { items: [] } })),
  bad('an emptyDir without a bound', 'needs a sizeLimit', volume({ emptyDir: {} })),
  bad('another ConfigMap', 'of ConfigMaps only', volume({ configMap: { name: 'kube-root-ca.crt' } })),
  bad('another ConfigMap, projected', 'of ConfigMaps only', project({ configMap: { name: 'mcphub-lock-x' } })),
  bad('another Secret as a volume', SECRETS, volume({ secret: { secretName: 'mcphub-keyring' } })),
  bad('another Secret, projected', SECRETS, project({ secret: { name: 'mcphub-keyring' } })),
  bad('another Secret in the environment', SECRETS, env({ secretKeyRef: { name: 'mcphub-database', key: 'url' } })),
  bad('another Secret to pull with', SECRETS, pod({ imagePullSecrets: [{ name: 'somebody-elses' }] })),
  bad(
    'another Secret in an init container',
    SECRETS,
    init((container) => void (container.env = [{ name: 'X', valueFrom: { secretKeyRef: { name: 'x', key: 'x' } } }])),
  ),
  bad(
    'a whole Secret as environment',
    ENVIRONMENT,
    first((container) => void (container.envFrom = [{ secretRef: { name: 'org-token' } }])),
  ),
  bad('environment from a ConfigMap', ENVIRONMENT, env({ configMapKeyRef: { name: 'mcphub-trust', key: 'ca.crt' } })),
  bad('a token of the API server', TOKEN, project({ serviceAccountToken: { path: 'api', expirationSeconds: 3600 } })),
  bad(
    'a token of another audience',
    TOKEN,
    project({ serviceAccountToken: { path: 'v', audience: 'vault', expirationSeconds: 3600 } }),
  ),
  bad('a mounted token', 'automountServiceAccountToken must be false', pod({ automountServiceAccountToken: true })),
  bad('another ServiceAccount', 'must be mcphub-sandbox', pod({ serviceAccountName: 'default' })),
  bad('service links', 'enableServiceLinks must be false', pod({ enableServiceLinks: true })),
  bad('one process namespace', 'shareProcessNamespace', pod({ shareProcessNamespace: true })),
  bad("the node's user ids", 'hostUsers must be false', pod({ hostUsers: true })),
  bad('another priority', 'must be that of sandboxes', pod({ priorityClassName: 'system-node-critical' })),
  bad('a node of its choice', 'remove nodeName', pod({ nodeName: 'node1' })),
  bad('sysctls', 'no sysctls', podContext({ sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] })),
  bad('root', USER, context({ runAsUser: 0, runAsNonRoot: false })),
  bad('perhaps root', USER, podContext({ runAsNonRoot: false })),
  bad("a node's user", USER, podContext({ runAsUser: 1000 })),
  bad("root's group", USER, context({ runAsGroup: 0 })),
  bad('a group of the node for its volumes', USER, podContext({ fsGroup: 0 })),
  bad('other groups', USER, podContext({ supplementalGroups: [64_537] })),
  bad(
    'root in an init container',
    USER,
    init((container) => void Object.assign(container.securityContext, { runAsUser: 0 })),
  ),
  bad('no seccomp', 'seccompProfile must be RuntimeDefault', context({ seccompProfile: { type: 'Unconfined' } })),
  bad(
    'a seccomp profile of the node',
    'seccompProfile must be RuntimeDefault',
    podContext({ seccompProfile: { type: 'Localhost', localhostProfile: 'x.json' } }),
  ),
  bad('no AppArmor', 'appArmorProfile', context({ appArmorProfile: { type: 'Unconfined' } })),
  bad('SELinux options', 'no seLinuxOptions', podContext({ seLinuxOptions: { type: 'spc_t' } })),
  bad('a writable root', 'readOnlyRootFilesystem', context({ readOnlyRootFilesystem: false })),
  bad('privilege escalation', 'allowPrivilegeEscalation', context({ allowPrivilegeEscalation: true })),
  bad('privileged', 'allowPrivilegeEscalation', context({ privileged: true, allowPrivilegeEscalation: true })),
  bad('a capability', 'drop ALL', context({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } })),
  bad('capabilities as they come', 'drop ALL', context({ capabilities: {} })),
  bad(
    'no limits',
    LIMITED,
    first((container) => void delete container.resources),
  ),
  bad(
    'no limit of disk',
    LIMITED,
    first((container) => void delete container.resources.limits['ephemeral-storage']),
  ),
  bad(
    'no limits in an init container',
    LIMITED,
    init((container) => void delete container.resources),
  ),
  bad(
    'a hook',
    'no lifecycle hooks',
    first((container) => void (container.lifecycle = { preStop: { exec: { command: ['x'] } } })),
  ),
  bad(
    'a probe of another host',
    'a probe names no host',
    first((container) => void (container.livenessProbe = { httpGet: { host: '169.254.169.254', port: 80 } })),
  ),
  bad(
    'an image from elsewhere',
    IMAGE,
    first((container) => void (container.image = 'docker.io/library/x:1')),
  ),
  bad(
    'an image of a namesake',
    IMAGE,
    first((container) => void (container.image = 'registry.example/mcp-evil/server:1')),
  ),
  bad(
    'an image from elsewhere in an init container',
    IMAGE,
    init((container) => void (container.image = 'x')),
  ),
  bad('a device of the node', 'no resourceClaims', pod({ resourceClaims: [{ name: 'x', resourceClaimName: 'x' }] })),
  bad('an image from elsewhere as a volume', IMAGE, volume({ image: { reference: 'docker.io/library/x:1' } })),
]

export const buildBadPod = ({ change }: BadPod): Manifest => {
  const built = buildGoodPod()
  change(built.spec)
  return built as Manifest
}
