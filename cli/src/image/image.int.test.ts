// mcphub image without a hub: what it writes, from which manifest, and what it refuses.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { EXIT_CODES, stdioSpec } from '@mcphub/api'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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
  ['a manifest that is not valid', ['image', 'wrong', '--file', 'wrong.yaml'], EXIT_CODES.invalid, 'stdio'],
])('%s is refused', async (_, args, exit, said) => {
  const image = `registry.example/x@sha256:${'0'.repeat(64)}`
  writeFileSync(join(home.folder, 'imaged.yaml'), manifest('imaged', { image, command: ['x'] }))
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

describe('a package of PyPI', () => {
  const PYPI = { package: { pypi: { name: 'probe-server', version: '1.0.0' } } }
  const PINNED = `dep==2.0 ; sys_platform == 'linux' \\\n    --hash=sha256:${'1'.repeat(64)}\nprobe-server==1.0.0 \\\n    --hash=sha256:${'2'.repeat(64)}\n`

  /** Plays uv: what it is asked for goes to a file, and this is its answer. */
  const run = (script: string, ...args: string[]): ReturnType<CliHome['run']> => {
    const folder = join(home.folder, 'bin')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(home.folder, 'catalog/python.yaml'), manifest('python', PYPI))
    writeFileSync(join(folder, 'uv'), `#!/bin/sh\n{ echo "$@"; cat; } > ${home.folder}/asked\n${script}\n`, {
      mode: 0o755,
    })
    return home.run(['image', 'python', ...args], { env: { PATH: [folder, process.env['PATH']].join(delimiter) } })
  }
  const answer = (text: string): string => `cat <<'END'\n${text}END`

  test('a Dockerfile on the Python runner, the lock with the hash of every file, for every machine, and no step that runs it', async () => {
    const { code, stdout, stderr } = await run(answer(PINNED))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(read('asked')).toMatch(/--generate-hashes.*--universal.*--only-binary :all:[^]*\nprobe-server==1\.0\.0\n$/)
    expect(read('image-python/requirements.txt')).toBe(PINNED)
    const dockerfile = read('image-python/Dockerfile')
    expect(dockerfile).toMatch(/^ARG RUNNER=localhost\/mcphub-sandbox-python:dev$/m)
    const steps = dockerfile.replaceAll('\\\n', '').match(/^RUN .*$/gm)
    expect(steps).toEqual([expect.stringMatching(/type=secret.*\["python3", ".*install\.py"\]$/)])
    expect(stdout).toContain('command: [/package/bin/server]')
  })

  test('--lock writes the ConfigMap an init container installs by', async () => {
    expect((await run(answer(PINNED), '--lock')).code).toBe(0)
    const map = parse(read('image-python/lock.yaml')) as { metadata: object; data: Record<string, string> }
    expect(map).toMatchObject({ metadata: { name: 'mcphub-lock-python' }, data: { 'requirements.txt': PINNED } })
  })

  test.each([
    [
      'a version the registry has not',
      'echo "no version of probe at http://me:secret@host" >&2; exit 1',
      'no such package',
    ],
    ['a package without wheels', 'echo "probe has no usable wheels" >&2; exit 1', 'no wheel'],
    ['what uv says and nobody knows', 'echo "http://me:secret@host" >&2; exit 2', 'uv failed'],
    ['a lock without hashes', answer('probe-server==1.0.0\n'), 'has no hash'],
    ['an empty lock', 'true', 'has no hash'],
  ])('%s is told without its words, and nothing is written', async (_, script, said) => {
    const { code, stderr } = await run(script)
    expect(code).toBe(EXIT_CODES.failure)
    expect(stderr).toContain(said)
    expect(stderr).not.toContain('secret')
    expect(existsSync(join(home.folder, 'image-python'))).toBe(false)
  })

  test('without uv it says where to get it', async () => {
    writeFileSync(join(home.folder, 'catalog/python.yaml'), manifest('python', PYPI))
    const { code, stderr } = await home.run(['image', 'python'], { env: { PATH: home.folder } })
    expect(code).toBe(EXIT_CODES.failure)
    expect(stderr).toContain('uv is not installed')
  })
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
