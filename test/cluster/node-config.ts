// The configuration files of one node's programs: pure. Every unusual setting says what goes wrong without it.
import { join } from 'node:path'
import type { ClusterNode } from './settings.ts'
import {
  CNI_PLUGINS,
  DNS_IP,
  PAUSE_IMAGE,
  PKI,
  POD_RANGE,
  STATE,
  cgroupOf,
  gvisorProgram,
  program,
  runOf,
  stateOf,
} from './settings.ts'

export const containerdSocket = (node: ClusterNode): string => join(runOf(node), 'containerd.sock')

/** Where containerd tells of pods before they start. The policy engine looks at one fixed path; node 2 gets its own socket shown there. */
export const NRI_SOCKET = '/var/run/nri/nri.sock'
export const nriSocketOf = (node: ClusterNode): string =>
  node.name === 'node1' ? NRI_SOCKET : join(runOf(node), 'nri.sock')

export function buildContainerdConfig(node: ClusterNode): string {
  const state = stateOf(node)
  return `version = 3
root = "${state}/containerd"
state = "${runOf(node)}/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.differ.v1.erofs",
]
[grpc]
  address = "${containerdSocket(node)}"
[ttrpc]
  address = "${containerdSocket(node)}.ttrpc"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  # where root lacks CAP_SYS_RESOURCE no process may lower its oom_score_adj, and each pod would fail on that
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  # pods' network namespaces lie in our own folder, so that what a crash leaves is found and unmounted
  netns_mounts_under_state_dir = true
  enable_criu = false
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${CNI_PLUGINS}"]
    conf_dir = "${state}/cni"
    use_internal_loopback = true
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    # the shim's path stands in runtime_path: as runtime_type a path loses its options ("type with url … not found")
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      runtime_path = "${program('containerd-shim-runc-v2')}"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "${program('runc')}"
        SystemdCgroup = false
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runsc]
      runtime_type = "io.containerd.runsc.v1"
      runtime_path = "${gvisorProgram('containerd-shim-runsc-v1')}"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runsc.options]
        TypeUrl = "io.containerd.runsc.v1.options"
        ConfigPath = "${state}/runsc.toml"
[plugins."io.containerd.nri.v1.nri"]
  disable = false
  socket_path = "${nriSocketOf(node)}"
  plugin_path = "${state}/nri/plugins"
  plugin_config_path = "${state}/nri/conf.d"
`
}

/** gVisor's shim finds no runsc of its own without binary_name. systrap needs no KVM. */
export const buildRunscConfig = (): string => `binary_name = "${gvisorProgram('runsc')}"
[runsc_config]
  platform = "systrap"
  network = "sandbox"
`

/** ptp: all of a pod's traffic is routed and so meets the rules; no bridge, hence no bridge netfilter. */
export const buildCniConfig = (node: ClusterNode): object => ({
  cniVersion: '1.0.0',
  name: 'mcphub',
  plugins: [
    {
      type: 'ptp',
      ipMasq: false,
      mtu: 1500,
      ipam: {
        type: 'host-local',
        dataDir: join(stateOf(node), 'addresses'),
        ranges: [[{ subnet: node.podRange }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true }, backend: 'iptables' },
  ],
})

export const buildKubeletConfig = (node: ClusterNode): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  containerRuntimeEndpoint: `unix://${containerdSocket(node)}`,
  // cgroup v1 still runs, and is refused unless one says so
  failCgroupV1: false,
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${cgroupOf(node)}`,
  failSwapOn: false,
  address: node.ip,
  port: 10_250,
  healthzBindAddress: node.ip,
  healthzPort: 10_248,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: join(PKI, 'ca.crt') },
  },
  authorization: { mode: 'Webhook' },
  tlsCertFile: join(PKI, `kubelet-${node.name}-server.crt`),
  tlsPrivateKeyFile: join(PKI, `kubelet-${node.name}-server.key`),
  clusterDomain: 'cluster.local',
  clusterDNS: [DNS_IP],
  // pods with dnsPolicy Default get nothing of the machine's resolver
  resolvConf: join(STATE, 'resolv.conf'),
  podPidsLimit: 256,
  maxPods: 200,
  serializeImagePulls: false,
  registryPullQPS: 0,
  eventRecordQPS: 0,
  kubeAPIQPS: 100,
  kubeAPIBurst: 200,
  // absolute sizes: on a nearly full disk the usual shares mean DiskPressure, and imported images are collected
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  evictionHard: {
    'memory.available': '200Mi',
    'nodefs.available': '500Mi',
    'nodefs.inodesFree': '1%',
    'imagefs.available': '500Mi',
  },
  evictionPressureTransitionPeriod: '15s',
  // whoever fills a volume is evicted within seconds, not a minute
  volumeStatsAggPeriod: '10s',
  nodeStatusUpdateFrequency: '5s',
  syncFrequency: '30s',
  volumePluginDir: join(stateOf(node), 'volume-plugins'),
  podLogsDir: join(stateOf(node), 'pod-logs'),
})

export const buildKubeProxyConfig = (node: ClusterNode): object => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  mode: 'nftables',
  bindAddress: node.ip,
  healthzBindAddress: `${node.ip}:10256`,
  metricsBindAddress: `${node.ip}:10249`,
  hostnameOverride: node.name,
  clusterCIDR: POD_RANGE,
  detectLocalMode: 'ClusterCIDR',
  nodePortAddresses: [`${node.ip}/32`],
  clientConnection: { kubeconfig: join(STATE, 'kube-proxy.kubeconfig') },
  // zero: leave the machine's settings alone
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  nftables: { minSyncPeriod: '100ms', syncPeriod: '30s' },
})
