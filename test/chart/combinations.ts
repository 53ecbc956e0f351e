// Values as people set them: each combination is rendered, and every object of it sent to a real API server.
import type { Values } from './helm.ts'

const SSO = { kind: 'oidc', label: 'Acme', clientId: 'mcphub', issuer: 'https://sso.example/realms/acme' }

export const COMBINATIONS: Readonly<Record<string, Values>> = {
  'no values': {},
  'everything on': {
    commonLabels: { team: 'platform' },
    commonAnnotations: { 'example.com/owner': 'platform' },
    'images.pullSecrets': ['registry-credentials'],
    'proxy.httpsProxy': 'http://proxy.example:3128',
    'proxy.noProxy': '10.0.0.0/8',
    'caBundle.existingConfigMap': 'company-ca',
    'gateway.autoscaling.enabled': true,
    'gateway.extraEnv': [{ name: 'MCPHUB_CALLS_PER_USER', value: '64' }],
    'gateway.extraEnvFrom': [{ configMapRef: { name: 'more', optional: true } }],
    'gateway.extraVolumes': [{ name: 'more', emptyDir: {} }],
    'gateway.extraVolumeMounts': [{ name: 'more', mountPath: '/more' }],
    'gateway.podLabels': { tier: 'front' },
    'gateway.podAnnotations': { 'example.com/scrape': 'no' },
    'gateway.nodeSelector': { 'kubernetes.io/os': 'linux' },
    'gateway.tolerations': [{ key: 'hub', operator: 'Exists' }],
    'gateway.affinity': { podAntiAffinity: {} },
    'gateway.topologySpreadConstraints': [],
    'operator.extraEnv': [{ name: 'X', value: 'y' }],
    'operator.priorityClassName': 'system-cluster-critical',
    'sandboxes.allowedImages': ['registry.example/mcp'],
    'sandboxes.allowedSecrets': ['org-token'],
    'sandboxes.registry': { url: 'https://registry.example/', cidrs: ['10.1.0.0/16'], existingSecret: 'npm' },
    'sandboxes.blockedCidrs': ['203.0.113.0/24'],
    'sandboxes.dnsCidrs': ['169.254.20.10/32'],
    'sandboxes.shimDelivery': 'ImageVolume',
    'sandboxes.hostUsers': false,
    'rbac.writeCatalog': true,
    console: { enabled: true, idleSeconds: 3600, maxSeconds: 86_400 },
    login: {
      local: { enabled: false },
      claimsDays: 7,
      loginDays: 14,
      existingSecret: 'login-secrets',
      providers: [
        { id: 'github', kind: 'github', clientId: 'Iv1.0', allow: { organisations: ['acme'] } },
        {
          ...{ id: 'sso', kind: 'oidc', label: 'Acme', clientId: 'mcphub', issuer: 'https://sso.example/realms/acme' },
          ...{ clientSecretFile: null, allow: { domains: ['acme.example'] } },
        },
      ],
    },
    'networkPolicies.clientsFrom': [{ namespaceSelector: { matchLabels: { name: 'ingress' } } }],
    'apiPriority.enabled': true,
    'metrics.serviceMonitor.enabled': true,
    'metrics.prometheusRule.enabled': true,
    'metrics.dashboard.enabled': true,
    'ingress.enabled': true,
    'ingress.className': 'nginx',
    'ingress.hosts': ['mcp.example.com'],
    'ingress.tls': [{ hosts: ['mcp.example.com'], secretName: 'tls' }],
    'httpRoute.enabled': true,
    'httpRoute.parentRefs': [{ name: 'edge', namespace: 'edge' }],
    'httpRoute.hostnames': ['mcp.example.com'],
    'images.sandboxNode.digest': `sha256:${'0'.repeat(64)}`,
    extraObjects: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-more' }, data: { a: 'b' } },
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include "mcphub.fullname" . }}-text\n',
    ],
  },
  'existing Secrets, as GitOps renders': {
    'secrets.generate': false,
    'keyRing.existingSecret': 'sealed-keyring',
    'database.existingSecret': 'sealed-database',
  },
  'a database of yours by URL': {
    'database.bundled.enabled': false,
    'database.url': 'postgresql://hub:secret@db.example:5432/mcphub?sslmode=verify-full',
  },
  'a database of yours by Secret': { 'database.bundled.enabled': false, 'database.existingSecret': 'db' },
  'nothing of the cluster': {
    'crds.enabled': false,
    'rbac.tokenReview': false,
    admissionPolicies: { pods: false, connect: false, labels: false, trust: false },
    'priorityClasses.create': false,
    'sandboxes.namespace.create': false,
  },
  'as little as there can be': {
    'tests.enabled': false,
    'gateway.podDisruptionBudget.enabled': false,
    'operator.podDisruptionBudget.enabled': false,
    'networkPolicies.hub': false,
    'networkPolicies.sandboxesDefaultDeny': false,
    'sandboxes.resourceQuota.enabled': false,
    'sandboxes.limitRange.enabled': false,
    'database.bundled.persistence.enabled': false,
    'serviceAccounts.gateway': { create: false, name: 'mine' },
    'serviceAccounts.operator': { create: false, name: 'mine-too' },
  },
  'logging in through GitHub and OpenID Connect': {
    'gateway.publicUrl': 'https://mcp.example.com',
    'login.existingSecret': 'login-secrets',
    'login.providers': [
      { id: 'github', kind: 'github', clientId: 'Iv1.0', allow: { organisations: ['acme'] } },
      { ...SSO, id: 'sso', scopes: ['openid', 'groups'], claims: ['groups'], allow: { groups: ['staff'] } },
    ],
  },
  'logging in through a client that has no secret': {
    'gateway.publicUrl': 'https://mcp.example.com',
    'login.providers': [{ ...SSO, id: 'public', allow: { everyone: true } }],
  },
  'nobody logs in by password, and no provider is set': { 'login.local.enabled': false },
  'no console at all': { 'console.enabled': false, 'login.local.enabled': false },
  'a Secret of certificate authorities': { 'caBundle.existingSecret': 'company-ca' },
  'a load balancer': {
    'gateway.service': { type: 'LoadBalancer', port: 443, annotations: { 'example.com/lb': 'internal' } },
    'gateway.replicas': 5,
    'networkPolicies.metricsFrom': [],
    'networkPolicies.gatewayEgress': [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
  },
}

interface LoginCombination {
  readonly name: string
  readonly values: Values
  /** whether a password lets somebody in */
  readonly local: boolean
  /** id, kind and client secret, as the gateway must read them where each key of the Secret holds `secret of <key>` */
  readonly providers: readonly (readonly [id: string, kind: string, secret: string | null])[]
}

const loginCombination = (name: string, expected: Pick<LoginCombination, 'local' | 'providers'>): LoginCombination => ({
  ...{ name, values: COMBINATIONS[name]! },
  ...expected,
})

export const LOGIN_COMBINATIONS: readonly LoginCombination[] = [
  loginCombination('no values', { local: true, providers: [] }),
  loginCombination('everything on', {
    local: false,
    providers: [
      ['github', 'github', 'secret of github'],
      ['sso', 'oidc', null],
    ],
  }),
  loginCombination('logging in through GitHub and OpenID Connect', {
    local: true,
    providers: [
      ['github', 'github', 'secret of github'],
      ['sso', 'oidc', 'secret of sso'],
    ],
  }),
  loginCombination('logging in through a client that has no secret', {
    local: true,
    providers: [['public', 'oidc', null]],
  }),
  loginCombination('nobody logs in by password, and no provider is set', { local: false, providers: [] }),
  loginCombination('no console at all', { local: false, providers: [] }),
]
