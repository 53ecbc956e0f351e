// etcd and the control plane: what they are started with.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { inNetwork } from './commands.ts'
import { startDaemon } from './daemons.ts'
import { AUDIT_LOG, NODE1, PKI, SERVICE_RANGE, STATE, program } from './settings.ts'

const AUDIT_POLICY = join(import.meta.dirname, 'audit-policy.yaml')

const pki = (file: string): string => join(PKI, file)
const flags = (values: Record<string, string>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`)

const etcd = (): string[] =>
  flags({
    name: 'mcphub',
    'data-dir': join(STATE, 'etcd'),
    // test data on a shared disk: nobody needs it after a power cut
    'unsafe-no-fsync': 'true',
    'listen-client-urls': 'http://127.0.0.1:2379',
    'advertise-client-urls': 'http://127.0.0.1:2379',
    'listen-peer-urls': 'http://127.0.0.1:2380',
    'initial-advertise-peer-urls': 'http://127.0.0.1:2380',
    'initial-cluster': 'mcphub=http://127.0.0.1:2380',
    'quota-backend-bytes': String(4 * 1024 ** 3),
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': '30m',
    'log-level': 'warn',
  })

// PodSecurity, ValidatingAdmissionPolicy and quota are on by default
const apiServer = (): string[] =>
  flags({
    'advertise-address': NODE1.ip,
    'bind-address': '0.0.0.0',
    'secure-port': '6443',
    'etcd-servers': 'http://127.0.0.1:2379',
    'service-cluster-ip-range': SERVICE_RANGE,
    'allow-privileged': 'true',
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'audit-policy-file': AUDIT_POLICY,
    'audit-log-path': AUDIT_LOG,
    'client-ca-file': pki('ca.crt'),
    'tls-cert-file': pki('apiserver.crt'),
    'tls-private-key-file': pki('apiserver.key'),
    'kubelet-certificate-authority': pki('ca.crt'),
    'kubelet-client-certificate': pki('apiserver-kubelet-client.crt'),
    'kubelet-client-key': pki('apiserver-kubelet-client.key'),
    'kubelet-preferred-address-types': 'InternalIP',
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-signing-key-file': pki('sa.key'),
    'service-account-key-file': pki('sa.pub'),
    'requestheader-client-ca-file': pki('front-proxy-ca.crt'),
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'proxy-client-cert-file': pki('front-proxy-client.crt'),
    'proxy-client-key-file': pki('front-proxy-client.key'),
    'enable-aggregator-routing': 'true',
    'max-requests-inflight': '800',
    'max-mutating-requests-inflight': '400',
  })

/** One of each, so nobody to elect a leader among; limits on their own requests would only make tests wait. */
function asController(name: string): Record<string, string> {
  const kubeconfig = join(STATE, `${name}.kubeconfig`)
  return {
    kubeconfig,
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
    'bind-address': '127.0.0.1',
    'leader-elect': 'false',
    'kube-api-qps': '200',
    'kube-api-burst': '400',
  }
}

const controllerManager = (): string[] =>
  flags({
    ...asController('controller-manager'),
    'use-service-account-credentials': 'true',
    'service-account-private-key-file': pki('sa.key'),
    'root-ca-file': pki('ca.crt'),
    'cluster-signing-cert-file': pki('ca.crt'),
    'cluster-signing-key-file': pki('ca.key'),
    'allocate-node-cidrs': 'false',
    'terminated-pod-gc-threshold': '200',
  })

export function startApiServer(): void {
  mkdirSync(join(STATE, 'etcd'), { recursive: true, mode: 0o700 })
  startDaemon('etcd', inNetwork([program('etcd'), ...etcd()]))
  startDaemon('apiserver', inNetwork([program('kube-apiserver'), ...apiServer()]))
}

/** Once the API server is ready: they end where it is not. */
export function startControllers(): void {
  startDaemon('controller-manager', inNetwork([program('kube-controller-manager'), ...controllerManager()]))
  startDaemon('scheduler', inNetwork([program('kube-scheduler'), ...flags(asController('scheduler'))]))
}
