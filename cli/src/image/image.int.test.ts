// mcphub image without a hub: what it writes, from which manifest, and what it refuses.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT_CODES, stdioSpec } from '@mcphub/api'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { CliHome } from '../../../test/kit/cli.ts'
import type { TestRegistry } from '../../../test/kit/registry.ts'
import { startRegistry } from '../../../test/kit/registry.ts'
import { buildCheck, buildDockerfile } from './build-files.ts'

const manifest = (name: string, stdio: object): string =>
  JSON.stringify({
    apiVersion: 'mcphub.io/v1alpha1',
    kind: 'McpServer',
    metadata: { name },
    spec: { type: 'Stdio', stdio },
  })
const PROBE = { package: { npm: { name: '@mcphub-test/probe-server', version: '1.0.0' } } }

let registry: TestRegistry
let home: CliHome
const read = (name: string): string => readFileSync(join(home.folder, name), 'utf8')

beforeAll(async () => {
  registry = await startRegistry(['probe-server'])
})
afterAll(() => registry.stop())
beforeEach(() => {
  home = new CliHome({ npm_config_userconfig: registry.npmrc })
  mkdirSync(join(home.folder, 'catalog'))
  writeFileSync(join(home.folder, 'catalog/probe.yaml'), manifest('probe', { ...PROBE, args: ['${WORKDIR}'] }))
  return () => home.remove()
})

test('a Dockerfile, the lock with integrity, how it is checked, and what to put into the manifest', async () => {
  const { code, stdout, stderr } = await home.run(['image', 'probe', '--from', 'registry.example/runner:1'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(read('image-probe/Dockerfile')).toMatch(/^ARG RUNNER=registry\.example\/runner:1$/m)
  const { packages } = JSON.parse(read('image-probe/package-lock.json')) as { packages: Record<string, object> }
  expect(packages['node_modules/@mcphub-test/probe-server']).toMatchObject({
    version: '1.0.0',
    integrity: expect.stringMatching(/^sha512-/),
  })
  expect(read('image-probe/package-lock.json')).not.toContain('127.0.0.1')
  expect(JSON.parse(read('image-probe/check.json'))).toEqual({ args: ['${WORKDIR}'], env: {} })
  expect(stdout).toContain('command: [node, /package/server]')
})

test('--lock writes the ConfigMap an init container installs by', async () => {
  expect((await home.run(['image', 'probe', '--lock', '--out', 'locks'])).code).toBe(0)
  const map = parse(read('locks/lock.yaml')) as { metadata: object; data: Record<string, string> }
  expect(map.metadata).toEqual({ name: 'mcphub-lock-probe' })
  expect(JSON.parse(map.data['package-lock.json'] ?? '')).toMatchObject({ lockfileVersion: 3 })
})

test.each([
  [
    'a server the file does not hold',
    ['image', 'other', '--file', 'catalog/probe.yaml'],
    EXIT_CODES.notFound,
    'no McpServer',
  ],
  ['a file that is not there', ['image', 'probe', '--file', 'none.yaml'], EXIT_CODES.usage, 'cannot be read'],
  [
    'a server that is an image already',
    ['image', 'imaged', '--file', 'imaged.yaml'],
    EXIT_CODES.usage,
    'already names an image',
  ],
  ['a package of PyPI', ['image', 'python', '--file', 'python.yaml'], EXIT_CODES.usage, 'PyPI'],
  ['a manifest that is not valid', ['image', 'wrong', '--file', 'wrong.yaml'], EXIT_CODES.invalid, 'stdio'],
])('%s is refused', async (_, args, exit, said) => {
  const image = `registry.example/x@sha256:${'0'.repeat(64)}`
  writeFileSync(join(home.folder, 'imaged.yaml'), manifest('imaged', { image, command: ['x'] }))
  const pypi = { name: 'mcp-server-time', version: '1.0.0' }
  writeFileSync(join(home.folder, 'python.yaml'), manifest('python', { package: { pypi } }))
  writeFileSync(join(home.folder, 'wrong.yaml'), manifest('wrong', { package: 'x' }))
  const { code, stderr } = await home.run(args)
  expect(code).toBe(exit)
  expect(stderr).toContain(said)
})

test('a version the registry has not is told without its words', async () => {
  const npm = { ...PROBE.package.npm, version: '9.9.9' }
  writeFileSync(join(home.folder, 'catalog/late.yaml'), manifest('late', { package: { npm } }))
  const { code, stderr } = await home.run(['image', 'late'])
  expect(code).toBe(EXIT_CODES.failure)
  expect(stderr).toContain('ETARGET')
  expect(stderr).not.toContain(registry.token)
})

test('a person’s value is stood in for; nothing of the manifest expands in the Dockerfile', () => {
  const env = [{ name: 'TOKEN', value: 'x-${USER_TOKEN}-${ORG_NAME}' }]
  const stdio = stdioSpec.parse({ ...PROBE, args: ['${USER_A}', '${WORKDIR}'], env })
  expect(JSON.parse(buildCheck(stdio))).toEqual({
    args: ['placeholder', '${WORKDIR}'],
    env: { TOKEN: 'x-placeholder-placeholder' },
  })
  const odd = stdioSpec.parse({ package: { ...PROBE.package, bin: 'a"$HOME\\' } })
  const line = buildDockerfile({ server: 'odd', stdio: odd, from: 'runner' }).match(/MCPHUB_PACKAGE=(.*)$/m)?.[1] ?? ''
  expect(line).not.toMatch(/(?<!\\)\$/)
  expect(JSON.parse(JSON.parse(line.replaceAll('\\$', '$')) as string)).toMatchObject({ bin: 'a"$HOME\\' })
})

test('the step that runs the package has no secret', () => {
  const text = buildDockerfile({ server: 'probe', stdio: stdioSpec.parse(PROBE), from: 'runner' })
  const steps = text
    .replaceAll('\\\n', '')
    .split('\n')
    .filter((line) => line.startsWith('RUN'))
  const programs = steps.map((step) => [step.match(/images\/(.*)\.ts/)?.[1], step.includes('type=secret')])
  expect(programs).toEqual([
    ['installer/main', true],
    ['prepare/fetch-bundler', true],
    ['prepare/main', false],
  ])
})
