// What of the harness can be said without a cluster.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findForeign } from './cluster.ts'
import { CommandError, run, waitUntil } from './commands.ts'
import { parseStat } from './daemons.ts'
import { isGoNewEnough } from './host.ts'
import {
  buildCniConfig,
  buildContainerdConfig,
  buildKubeProxyConfig,
  buildKubeletConfig,
  containerdSocket,
} from './node-config.ts'
import { writeArchive } from './oci-archive.ts'
import { buildLinkerFlags, readVersion } from './programs.ts'
import { KUBECONFIG, NODES, cgroupOf, runOf, stateOf } from './settings.ts'
import { createStages } from './stages.ts'

test('a process is known by its start time, whatever it calls itself', () => {
  const rest = Array.from({ length: 18 }, (_, index) => String(index + 4)).join(' ')
  expect(parseStat(`77 (a) Z 1 (b) S ${rest} 4711 0`)).toEqual({ state: 'S', startTime: '4711' })
  expect(parseStat(`77 (etcd) Z ${rest} 4711 0`)).toMatchObject({ state: 'Z' })
})

test('a KUBECONFIG of somebody else is used; none, or our own, means our own cluster', () => {
  expect(findForeign({ KUBECONFIG: '/home/ann/.kube/config' })).toBe('/home/ann/.kube/config')
  expect(findForeign({ KUBECONFIG })).toBeNull()
  expect(findForeign({})).toBeNull()
})

test('two nodes share no folder, no cgroup and no address', () => {
  for (const of of [stateOf, runOf, cgroupOf, containerdSocket]) expect(new Set(NODES.map(of)).size).toBe(2)
  const [first, second] = NODES.map((node) =>
    JSON.stringify([buildKubeletConfig(node), buildKubeProxyConfig(node), buildCniConfig(node)]),
  )
  expect(first).not.toMatch(/node2|172\.31\.250\.2\b|10\.244\.1\./)
  expect(second).not.toMatch(/node1|172\.31\.250\.1\b|10\.244\.0\.0\/24/)
  expect(NODES.map(buildContainerdConfig)[1]).not.toContain('node1')
})

test('the version of a program is what go.mod says', async () => {
  const goMod = await readFile(join(import.meta.dirname, 'programs/go.mod'), 'utf8')
  const version = readVersion(goMod, 'k8s.io/kubernetes')
  const [, minor] = version.split('.')
  expect(buildLinkerFlags(goMod)).toContain(`version.gitVersion=${version} `)
  expect(buildLinkerFlags(goMod)).toContain(`version.gitMinor=${minor} `)
  expect(() => readVersion(goMod, 'k8s.io/nothing')).toThrow('go.mod does not name k8s.io/nothing')
})

test('a stage is told and counted, one that fails too', async () => {
  const said: string[] = []
  const stages = createStages((line) => said.push(line))
  expect(await stages.run('one', () => Promise.resolve(1))).toBe(1)
  await expect(stages.run('two', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(said.map((line) => line.replace(/^ *[\d.]+ s {2}/, ''))).toEqual(['one', 'two'])
  expect(stages.table()).toMatch(/^one +0\.0 s\ntwo +0\.0 s\ntotal +0\.0 s$/)
})

test('a command that fails tells what it said', async () => {
  const failed = await run(['sh', '-c', 'echo reason >&2; exit 3']).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(CommandError)
  expect((failed as CommandError).stderr).toBe('reason\n')
  expect(await run(['cat'], { input: 'given' })).toBe('given')
})

test('a wait that runs out tells its last reason', async () => {
  await waitUntil('at once', () => true)
  await expect(waitUntil('never', () => Promise.reject(new Error('because')), 1)).rejects.toThrow(/never .*because/)
})

test('the same folder gives the same image archive, under its reference', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'mcphub-archive-'))
  try {
    await mkdir(join(scratch, 'root'))
    await writeFile(join(scratch, 'root/file'), 'content')
    const image = { reference: 'localhost/x:1', folder: join(scratch, 'root'), config: { Cmd: ['/file'] } }
    const read = async (name: string): Promise<{ index: string; layers: string }> => {
      const file = join(scratch, name)
      await writeArchive(file, image)
      const entry = (path: string): Promise<string> => run(['tar', '-xOf', file, path])
      const index = await entry('index.json')
      const { digest } = (JSON.parse(index) as { manifests: { digest: string }[] }).manifests[0]!
      return { index, layers: await entry(`blobs/sha256/${digest.slice('sha256:'.length)}`) }
    }
    const first = await read('first.tar')
    expect(await read('second.tar')).toEqual(first)
    expect(first.index).toContain('"io.containerd.image.name":"localhost/x:1"')
    expect(first.layers).toContain('application/vnd.oci.image.layer.v1.tar')
  } finally {
    await rm(scratch, { recursive: true })
  }
})

test.each([
  ['go version go1.26.6 linux/amd64', true],
  ['go version go1.26.10 linux/amd64', true],
  ['go version go1.27 linux/amd64', true],
  ['go version go1.26.5 linux/amd64', false],
  ['go version go1.26rc1 linux/amd64', false],
  ['go version go1.19.8 linux/amd64', false],
  ['', false],
])('%s: new enough is %s', (said, isNew) => {
  expect(isGoNewEnough(said)).toBe(isNew)
})
