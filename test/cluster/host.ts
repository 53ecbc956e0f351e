// What this machine must bring, said in one message before anything is started.
import { stat } from 'node:fs/promises'
import { attempt, run } from './commands.ts'

/** Debian's names, and a file of each that shows it is there. */
const PACKAGES: Readonly<Record<string, string>> = {
  iptables: '/usr/sbin/iptables',
  nftables: '/usr/sbin/nft',
  conntrack: '/usr/sbin/conntrack',
  iproute2: '/usr/sbin/ip',
  openssl: '/usr/bin/openssl',
  gcc: '/usr/bin/gcc',
  'libc6-dev': '/usr/include/stdlib.h',
  'libseccomp-dev': '/usr/include/seccomp.h',
  buildah: '/usr/bin/buildah',
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** go.mod asks for it */
const GO = [1, 26, 6] as const

/** `go version go1.26.8 linux/amd64` */
export function isGoNewEnough(said: string): boolean {
  const [, ...found] = /go(\d+)\.(\d+)(?:\.(\d+))?/.exec(said) ?? []
  const differences = GO.map((wanted, index) => Number(found[index] ?? 0) - wanted)
  return (differences.find((one) => one !== 0) ?? 0) >= 0
}

/** Everything this machine lacks, each with what to do. */
export async function findHostFaults(): Promise<string[]> {
  const faults: string[] = []
  if (process.platform !== 'linux' || process.arch !== 'x64') faults.push('Linux on x64 is needed.')
  if (process.getuid?.() !== 0) faults.push('root is needed: it makes network namespaces, mounts and cgroups.')
  if (!(await isThere('/sys/fs/cgroup/pids'))) faults.push('cgroup v1 hierarchies are needed (v2 alone was not tried).')
  const go = await attempt(['go', 'version'])
  if (!isGoNewEnough(go)) faults.push(`Go ${GO.join('.')} or later is needed in PATH: https://go.dev/dl.`)
  return faults
}

/** @throws with everything that is missing, each with what to do */
export async function requireHost(): Promise<void> {
  const faults = await findHostFaults()
  if (faults.length === 0) return
  throw new Error([...faults, 'Without them set KUBECONFIG to a cluster of yours, for example one of kind.'].join('\n'))
}

/** Installs what is missing of Debian's; no network when nothing is. */
export async function installPackages(packages = PACKAGES): Promise<void> {
  const there = await Promise.all(Object.values(packages).map(isThere))
  const missing = Object.keys(packages).filter((_, index) => !there[index])
  if (missing.length === 0) return
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run(['apt-get', 'update', '-qq'], { timeoutMs: 300_000 })
  await run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing], { timeoutMs: 600_000, env })
}
