// packages/kube is a package of its own: packed, installed into an empty folder elsewhere, it carries the operator that its README shows, built
// by nothing but a bundler, through what goes wrong between an operator and its API server.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CONFIG_MAPS, KubeClient, KubeHttp, fixedCredentials, isNotFound } from '@mcphub/kube'
import { FakeApiServer, isWrite, type Fault } from '@mcphub/kube/testing'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { until } from './kit/wait-until.ts'

const PACKAGE = join(import.meta.dirname, '../packages/kube')
const run = promisify(execFile)

const MAIN = `import { fixedCredentials } from '@mcphub/kube'
import { runCopier } from './copier.ts'

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
void runCopier(fixedCredentials(process.argv[2]!), stop.signal)
`

let folder: string
let program: string
let inputs: string[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kube-package-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: PACKAGE })
  const [packed] = JSON.parse(stdout) as { filename: string }[]
  const project = join(folder, 'copier')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--no-package-lock']
  await run('npm', ['install', ...quiet, join(folder, packed!.filename)], { cwd: project })
  const readme = await readFile(join(PACKAGE, 'README.md'), 'utf8')
  await writeFile(join(project, 'copier.ts'), /```ts\n([^]*?)```/.exec(readme)![1]!)
  await writeFile(join(project, 'main.ts'), MAIN)
  program = join(project, 'copier.cjs')
  const built = await build({
    absWorkingDir: project,
    entryPoints: ['main.ts'],
    bundle: true,
    platform: 'node',
    outfile: program,
    metafile: true,
    logLevel: 'error',
  })
  inputs = Object.keys(built.metafile.inputs)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let server: FakeApiServer
let http: KubeHttp
let client: KubeClient
const children: ChildProcess[] = []
beforeEach(async () => {
  server = await FakeApiServer.start({ bookmarkMs: 50 })
  http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'user' })
  client = new KubeClient(http)
})
afterEach(async () => {
  for (const child of children.splice(0)) await end(child, 'SIGKILL')
  await http.destroy()
  await server.stop()
})

function launch(): ChildProcess {
  const child = spawn(process.execPath, [program, server.url], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  children.push(child)
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal)
    await once(child, 'exit')
  }
  return child.exitCode
}

const source = { namespace: 'default', name: 'a' }
const copy = { namespace: 'default', name: 'a-copy' }
const copyIs = (text: string): Promise<unknown> =>
  until(async () => expect(await client.get(CONFIG_MAPS, copy)).toMatchObject({ data: { text } }), 20_000)

async function tellStory(): Promise<void> {
  await client.create(CONFIG_MAPS, { metadata: { ...source, labels: { copy: 'wanted' } }, data: { text: 'one' } })
  await copyIs('one')
  await client.patch(CONFIG_MAPS, source, { type: 'merge', body: { data: { text: 'two' } } })
  await copyIs('two')
  await client.delete(CONFIG_MAPS, copy)
  await copyIs('two')
  await client.delete(CONFIG_MAPS, source)
  await until(async () => expect(await client.get(CONFIG_MAPS, copy).catch(isNotFound)).toBe(true))
}

const byCopier: Fault['when'] = ({ userAgent }) => userAgent.startsWith('copier')

test('what is built is of that folder alone', () => {
  expect(inputs.filter((path) => path.includes('@mcphub/kube/src/')).length).toBeGreaterThan(15)
  expect(inputs.filter((path) => path.startsWith('..') || path.startsWith('/'))).toEqual([])
  expect(inputs.filter((path) => path.endsWith('.test.ts'))).toEqual([])
})

test.each<[string, Omit<Fault, 'when'> & { readonly when?: Fault['when'] }]>([
  ['in peace', { act: { delayMs: 0 }, times: 0 }],
  [
    'while every write conflicts',
    { when: (call) => byCopier(call) && isWrite(call), act: { answer: { code: 409, reason: 'Conflict' } }, times: 5 },
  ],
  [
    'while the API server is busy',
    { act: { answer: { code: 429, reason: 'TooManyRequests', retryAfterSeconds: 0.01 } }, times: 6 },
  ],
  ['while answers are lost', { when: (call) => byCopier(call) && isWrite(call), act: { drop: 'after' }, times: 3 }],
  ['while watches talk nonsense', { when: (call) => byCopier(call) && call.watch, act: { garble: true }, times: 2 }],
])('the operator does its work %s, and ends when it is told to', async (_what, fault) => {
  server.inject({ when: byCopier, ...fault })
  const operator = launch()
  await tellStory()
  expect(await end(operator, 'SIGTERM')).toBe(0)
})

test('killed in the middle, with its watches cut and history forgotten, the next one ends it', async () => {
  const first = launch()
  await client.create(CONFIG_MAPS, { metadata: { ...source, labels: { copy: 'wanted' } }, data: { text: 'one' } })
  await copyIs('one')
  await end(first, 'SIGKILL')
  await client.patch(CONFIG_MAPS, source, { type: 'merge', body: { data: { text: 'two' } } })
  launch()
  await copyIs('two')
  server.compact()
  server.cutWatches()
  await client.patch(CONFIG_MAPS, source, { type: 'merge', body: { data: { text: 'three' } } })
  await copyIs('three')
})
