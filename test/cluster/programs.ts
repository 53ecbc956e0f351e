// Builds the cluster's programs from the Go module proxy, once: what is built stays in the cache until an input changes.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { run } from './commands.ts'
import { CACHE } from './settings.ts'

const PROGRAMS = join(import.meta.dirname, 'programs')
const GVISOR = join(import.meta.dirname, 'gvisor')

const KUBERNETES = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl']
const CONTAINERD = ['containerd', 'containerd-shim-runc-v2', 'ctr']
const CNI = ['main/ptp', 'ipam/host-local', 'meta/portmap']
const PACKAGES = [
  ...KUBERNETES.map((name) => `k8s.io/kubernetes/cmd/${name}`),
  'go.etcd.io/etcd/server/v3',
  ...CONTAINERD.map((name) => `github.com/containerd/containerd/v2/cmd/${name}`),
  ...CNI.map((name) => `github.com/containernetworking/plugins/plugins/${name}`),
  'helm.sh/helm/v4/cmd/helm',
  'sigs.k8s.io/kwok/cmd/kwok',
  './corednsd',
  './netpold',
]

/** Go's own caches lie beside the programs: they serve a change of inputs. */
export const goEnvironment = (cgo: boolean): NodeJS.ProcessEnv => ({
  ...process.env,
  GOMODCACHE: join(CACHE, 'gomod'),
  GOCACHE: join(CACHE, 'gocache'),
  CGO_ENABLED: cgo ? '1' : '0',
  GOTOOLCHAIN: 'local',
  // without debug data the cache is smaller and there is less to do
  GOFLAGS: '-trimpath -mod=readonly -modcacherw -buildvcs=false -gcflags=all=-dwarf=false',
})

/** Of a module in go.mod. */
export function readVersion(goMod: string, module: string): string {
  const line = goMod.split('\n').find((one) => one.trim().startsWith(`${module} v`))
  if (!line) throw new Error(`go.mod does not name ${module}`)
  return line.trim().split(' ')[1] ?? ''
}

/** Without its version the API server calls itself v0.0.0, and a chart's `kubeVersion` refuses it. */
export function buildLinkerFlags(goMod: string): string {
  const kubernetes = readVersion(goMod, 'k8s.io/kubernetes')
  const [major = '', minor = ''] = kubernetes.slice(1).split('.')
  const values = {
    'k8s.io/component-base/version.gitVersion': kubernetes,
    'k8s.io/component-base/version.gitMajor': major,
    'k8s.io/component-base/version.gitMinor': minor,
    'k8s.io/component-base/version.gitTreeState': 'clean',
    'github.com/containerd/containerd/v2/version.Version': readVersion(goMod, 'github.com/containerd/containerd/v2'),
  }
  return ['-s -w', ...Object.entries(values).map(([name, value]) => `-X ${name}=${value}`)].join(' ')
}

interface GoBuild {
  readonly folder: string
  readonly packages: readonly string[]
  readonly linkerFlags: string
  readonly target: string
  readonly options?: readonly string[]
  readonly cgo?: boolean
}

/** Niced: nobody waits for it but us. Go names each package it has compiled; every half minute their number is told. */
async function build({ folder, packages, linkerFlags, target, options = [], cgo = false }: GoBuild): Promise<void> {
  const command = ['-n', '15', 'go', 'build', '-v', ...options, '-ldflags', linkerFlags, '-o', target, ...packages]
  const child = spawn('nice', command, { cwd: folder, env: goEnvironment(cgo), stdio: ['ignore', 'inherit', 'pipe'] })
  let compiled = 0
  const start = performance.now()
  const tell = setInterval(() => {
    console.log(`          ${compiled} packages compiled in ${Math.round((performance.now() - start) / 1000)} s`)
  }, 30_000)
  const said: string[] = []
  const ended = Promise.withResolvers<number | null>()
  child.on('error', ended.reject)
  child.on('close', ended.resolve)
  createInterface(child.stderr).on('line', (line) => {
    if (/^[\w./~-]+$/.test(line)) compiled += 1
    else if (!line.startsWith('go: downloading ')) said.push(line)
  })
  try {
    const code = await ended.promise
    if (code !== 0) throw new Error(`go build in ${folder} ended with ${code}:\n${said.slice(-20).join('\n')}`)
  } finally {
    clearInterval(tell)
  }
}

async function buildPrograms(target: string): Promise<void> {
  const linkerFlags = buildLinkerFlags(await readFile(join(PROGRAMS, 'go.mod'), 'utf8'))
  const bin = join(target, 'bin')
  // one invocation: one program is compiled while another is linked
  await build({ folder: PROGRAMS, packages: PACKAGES, linkerFlags, target: `${bin}/` })
  await rename(join(bin, 'server'), join(bin, 'etcd'))
  await mkdir(join(target, 'cni'))
  for (const plugin of ['ptp', 'host-local', 'portmap']) {
    await rename(join(bin, plugin), join(target, 'cni', plugin))
  }
  // runc alone needs C, and Debian's libseccomp
  const runc = { packages: ['github.com/opencontainers/runc'], options: ['-tags', 'seccomp'], cgo: true }
  await build({ folder: PROGRAMS, ...runc, linkerFlags, target: join(bin, 'runc') })
  await copyKwokStages(target)
}

/** kwok does nothing without the stages of its module ("no stages found"); the cluster itself does not need them. */
async function copyKwokStages(target: string): Promise<void> {
  const module = ['go', 'list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kwok']
  const folder = (await run(module, { cwd: PROGRAMS, env: goEnvironment(false) })).trim()
  const stages = join(folder, 'kustomize/stage')
  for (const kind of ['node/fast', 'node/heartbeat-with-lease', 'pod/fast']) {
    await cp(join(stages, kind), join(target, 'kwok-stages', kind), { recursive: true })
  }
}

async function buildGvisor(target: string): Promise<void> {
  const bin = join(target, 'bin')
  const packages = ['gvisor.dev/gvisor/runsc', './shim']
  await build({ folder: GVISOR, packages, linkerFlags: '-s -w', target: `${bin}/` })
  await rename(join(bin, 'shim'), join(bin, 'containerd-shim-runsc-v1'))
}

/** Of everything that decides what is built. */
async function hashInputs(folder: string): Promise<string> {
  const hash = createHash('sha256').update(await run(['go', 'version']))
  const sources = (await readdir(folder, { recursive: true })).filter((file) => /\.go$|^go\.(mod|sum)$/.test(file))
  for (const file of [import.meta.filename, ...sources.sort().map((source) => join(folder, source))]) {
    hash.update(await readFile(file))
  }
  return hash.digest('hex')
}

async function prepare(name: string, folder: string, make: (target: string) => Promise<void>): Promise<void> {
  const wanted = await hashInputs(folder)
  const built = join(CACHE, name)
  const stamp = await readFile(join(built, 'stamp'), 'utf8').catch(() => '')
  if (stamp === wanted) return
  const next = `${built}-next`
  await rm(next, { recursive: true, force: true })
  await mkdir(join(next, 'bin'), { recursive: true })
  await make(next)
  await writeFile(join(next, 'stamp'), wanted)
  await rm(built, { recursive: true, force: true })
  await rename(next, built)
}

/** About 10 minutes on two cores with nothing cached, half a minute when only flags changed, nothing otherwise. */
export const preparePrograms = (): Promise<void> => prepare('programs', PROGRAMS, buildPrograms)

/** About a minute with nothing cached. */
export const prepareGvisor = (): Promise<void> => prepare('gvisor', GVISOR, buildGvisor)
