// Pods, Services and DNS work, and the node holds pods to what they were given.
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/wait-until.ts'
import { writeArchive } from '../oci-archive.ts'
import { program } from '../settings.ts'
import type { Scene } from './kit.ts'
import { PORT, buildPod, openScene } from './kit.ts'

let scene: Scene

beforeAll(async () => {
  scene = await openScene('pods', { 'pod-security.kubernetes.io/enforce': 'restricted' })
  await scene.startPods(buildPod('caller'), buildPod('server'))
  await scene.kubectl('expose', 'pod', 'server', '--port=80', `--target-port=${PORT}`)
})
afterAll(() => scene.close())

const shell = (script: string): Record<string, unknown> => ({
  command: ['sh', '-c', script],
  readinessProbe: undefined,
})

test('a pod reaches another by its address', async () => {
  expect(await scene.fetchFrom('caller', `http://${await scene.addressOf('server')}:${PORT}/`)).toBe('server')
})

test('a Service answers by its short and by its full DNS name', async () => {
  await until(async () => expect(await scene.fetchFrom('caller', 'http://server/')).toBe('server'))
  expect(await scene.fetchFrom('caller', `http://server.${scene.namespace}.svc.cluster.local/`)).toBe('server')
})

test('exec and logs pass through the API server to the kubelet', async () => {
  await scene.apply(buildPod('speaker', { container: shell('echo said; sleep 600') }))
  await until(async () => expect(await scene.kubectl('logs', 'speaker')).toBe('said\n'))
  expect(await scene.exec('speaker', 'echo', 'heard')).toBe('heard\n')
})

test('a hardened process has no capability, a system call filter, and cannot gain privileges', async () => {
  const status = await scene.exec('server', 'cat', '/proc/1/status')
  expect(status).toMatch(/^CapEff:\t0+$/m)
  expect(status).toMatch(/^NoNewPrivs:\t1$/m)
  expect(status).toMatch(/^Seccomp:\t2$/m)
  expect(status).toMatch(/^Uid:\t1000/m)
})

test('the root file system of a hardened pod is read-only', async () => {
  await expect(scene.exec('server', 'touch', '/home/node/x')).rejects.toThrow('Read-only file system')
})

test('nothing outside the cluster is reachable: there is no route', async () => {
  expect(await scene.connects('caller', '169.254.169.254', 80)).toBe(false)
  expect(await scene.connects('caller', '1.1.1.1', 53)).toBe(false)
})

test('a pod over its memory limit is killed and says OOMKilled', async () => {
  const grow = 'const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1))'
  const container = {
    command: ['node', '-e', grow],
    readinessProbe: undefined,
    resources: { limits: { memory: '96Mi' } },
  }
  await scene.apply(buildPod('greedy', { spec: { restartPolicy: 'Never' }, container }))
  const path = 'jsonpath={.status.containerStatuses[0].state.terminated.reason}'
  await until(async () => expect(await scene.kubectl('get', 'pod', 'greedy', '-o', path)).toBe('OOMKilled'), 60_000)
})

test('a fork bomb stops at 256 processes, in its own pod', async () => {
  const bomb = 'i=0; while [ $i -lt 400 ]; do sleep 60 & i=$((i+1)); done; echo started $i'
  await scene.apply(buildPod('bomb', { spec: { restartPolicy: 'Never' }, container: shell(bomb) }))
  await until(async () => expect(await scene.kubectl('logs', 'bomb')).toMatch(/can't fork|Cannot fork/i), 60_000)
  expect(await scene.fetchFrom('caller', 'http://server/')).toBe('server')
})

test('an emptyDir over its limit evicts its pod and no other', async () => {
  const fill = shell('dd if=/dev/zero of=/full/x bs=1M count=40; sleep 600')
  const container = { ...fill, volumeMounts: [{ name: 'full', mountPath: '/full' }] }
  const volumes = [{ name: 'full', emptyDir: { sizeLimit: '8Mi' } }]
  await scene.apply(buildPod('full', { spec: { volumes }, container }))
  const reason = (): Promise<string> => scene.kubectl('get', 'pod', 'full', '-o', 'jsonpath={.status.reason}')
  // the kubelet measures once a minute
  await until(async () => expect(await reason()).toBe('Evicted'), 100_000)
  expect(await scene.fetchFrom('caller', 'http://server/')).toBe('server')
})

test('an image that is loaded from an archive runs', async ({ skip }) => {
  skip(!scene.cluster.own, 'the nodes of a foreign cluster are its own')
  const scratch = await mkdtemp(join(tmpdir(), 'mcphub-image-'))
  try {
    const folder = join(scratch, 'root')
    const archive = join(scratch, 'image.tar')
    await mkdir(folder)
    // a static binary is all an image needs
    await copyFile(program('corednsd'), join(folder, 'answer'))
    await writeArchive(archive, { reference: 'localhost/loaded:1', folder, config: { Entrypoint: ['/answer'] } })
    await scene.cluster.loadImage(archive)
  } finally {
    await rm(scratch, { recursive: true })
  }
  const container = {
    image: 'localhost/loaded:1',
    imagePullPolicy: 'Never',
    command: undefined,
    args: ['-version'],
    readinessProbe: undefined,
  }
  await scene.apply(buildPod('loaded', { spec: { restartPolicy: 'Never' }, container }))
  await until(async () => expect(await scene.kubectl('logs', 'loaded')).toContain('CoreDNS-'), 30_000)
})
