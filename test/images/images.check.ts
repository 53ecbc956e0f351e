// The built images in a real engine, hardened as their pods are: each starts, none has a shell, none runs as root, each names what is in it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestRegistry } from '../kit/registry.ts'
import { startRegistry } from '../kit/registry.ts'
import { conversation, describeImages, HARDENED, runContainer } from './kit.ts'
import { packagedImage } from './packaged.ts'
import type { TestPypi } from './pypi.ts'
import { PYPI_PACKAGE, startPypi } from './pypi.ts'

const image = (name: string): string => `localhost/mcphub-${name}:dev`
const inspect = (name: string, format: string): string =>
  execFileSync('docker', ['inspect', `--format=${format}`, name], { encoding: 'utf8' }).trim()

describeImages('every image', () => {
  test.each([
    ['gateway', '65532:65532'],
    ['operator', '65532:65532'],
    ['sandbox-node', '64536:64536'],
    ['sandbox-python', '64536:64536'],
    ['shim', '64536:64536'],
  ])('%s runs as an ordinary user and has no shell', async (name, user) => {
    expect(inspect(image(name), '{{.Config.User}}')).toBe(user)
    for (const shell of ['/bin/sh', '/bin/bash', '/bin/busybox']) {
      const { code, stderr } = await runContainer([...HARDENED, `--entrypoint=${shell}`, image(name)])
      expect(code).toBe(127)
      expect(stderr).toContain('no such file')
    }
  })

  test.each([
    ['gateway', 'express'],
    ['gateway', 'react-dom'],
    ['operator', 'undici'],
    ['sandbox-node', 'npm'],
  ])('%s lists what is in it, %s too', async (name, component) => {
    const print = `process.stdout.write(require('fs').readFileSync('/usr/share/sbom/mcphub-${name}.cdx.json'))`
    const { stdout } = await runContainer([...HARDENED, '--entrypoint=node', image(name), '-e', print])
    const { components } = JSON.parse(stdout) as { components: { name: string; version: string }[] }
    const names = components.map((one) => one.name)
    expect(names).toContain(component)
    expect(names).toContain('node')
    expect(names).not.toContain('vitest')
  })

  test('sandbox-python lists what is in it', async () => {
    const file = '/usr/share/sbom/mcphub-sandbox-python.cdx.json'
    const { stdout } = await runContainer([
      ...HARDENED,
      '--entrypoint=python3',
      image('sandbox-python'),
      '-c',
      `print(open("${file}").read())`,
    ])
    const { components } = JSON.parse(stdout) as { components: { name: string }[] }
    expect(components.map((one) => one.name)).toEqual(['python', 'uv'])
  })
})

describeImages('the programs', () => {
  test('the gateway explains itself, also by the path it has in a checkout', async () => {
    expect(await runContainer([...HARDENED, image('gateway'), '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('MCPHUB_DATABASE_URL_FILE'),
    })
    const args = ['--entrypoint=node', image('gateway'), 'gateway/src/main.ts', '--help']
    expect(await runContainer([...HARDENED, ...args])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage'),
    })
  })

  test('the gateway brings the console along, built and compressed', async () => {
    const list = "process.stdout.write(JSON.stringify(require('fs').readdirSync('/app/console', { recursive: true })))"
    const { stdout } = await runContainer([...HARDENED, '--entrypoint=node', image('gateway'), '-e', list])
    const files = JSON.parse(stdout) as string[]
    expect(files).toEqual(expect.arrayContaining(['index.html', '.built', 'icon.svg']))
    expect(files.filter((file) => /^assets\/first-.*\.js\.br$/.test(file))).not.toEqual([])
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([])
  })

  test('the operator explains itself', async () => {
    expect(await runContainer([...HARDENED, image('operator'), '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('MCPHUB_SANDBOX_NAMESPACE'),
    })
  })

  test.each(['sandbox-node', 'sandbox-python'])('the shim of %s starts a child and passes a line', async (name) => {
    const { code, stdout, stderr } = await runContainer([
      ...HARDENED,
      '--tmpfs=/work:uid=64536',
      '--tmpfs=/tmp',
      image(name),
      '--self-test',
    ])
    expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: expect.stringContaining('passed') })
  })

  test('the shim’s own image copies itself for an init container', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcphub-shim-'))
    chmodSync(folder, 0o777)
    const args = [`--volume=${folder}:/mcphub/shim`, image('shim'), '--copy-to', '/mcphub/shim/shim']
    expect(await runContainer([...HARDENED, ...args])).toMatchObject({ code: 0 })
    expect(readdirSync(folder)).toEqual(['shim'])
    rmSync(folder, { recursive: true })
  })
})

describeImages('the installer of npm packages, in its image', () => {
  let registry: TestRegistry
  let folder: string
  beforeAll(async () => {
    registry = await startRegistry(['probe-server'])
    folder = mkdtempSync(join(tmpdir(), 'mcphub-install-'))
    chmodSync(folder, 0o755)
    writeFileSync(join(folder, 'npmrc'), readFileSync(registry.npmrc), { mode: 0o644 })
  })
  afterAll(async () => {
    await registry.stop()
    rmSync(folder, { recursive: true })
  })

  test('installs into an empty folder with nothing else writable; the sandbox runs it from there, read-only', async () => {
    const volume = 'mcphub-check-package'
    const installer = [
      ...HARDENED.filter((one) => !one.startsWith('--network')),
      '--network=host',
      '--tmpfs=/tmp',
      `--volume=${volume}:/package`,
      `--volume=${folder}:/etc/mcphub/registry:ro`,
      '--env=HOME=/tmp',
      `--env=MCPHUB_PACKAGE=${JSON.stringify({ npm: { name: '@mcphub-test/probe-server', version: '1.0.0' } })}`,
      '--entrypoint=node',
      image('sandbox-node'),
      '/opt/mcphub/images/installer/main.ts',
    ]
    const installed = await runContainer(installer)
    expect(installed).toMatchObject({ code: 0, stderr: '' })
    const server = [
      `--volume=${volume}:/package:ro`,
      '--tmpfs=/work:uid=64536',
      '--entrypoint=node',
      image('sandbox-node'),
      '/package/server',
    ]
    const { stdout } = await runContainer([...HARDENED, ...server], conversation('none', {}))
    execFileSync('docker', ['volume', 'rm', volume])
    expect(stdout).toContain('"id":1')
  })
})

describeImages('the installer of PyPI packages, in its image', () => {
  const volume = 'mcphub-check-python'
  let pypi: TestPypi
  let folder: string
  beforeAll(async () => {
    pypi = await startPypi()
    folder = mkdtempSync(join(tmpdir(), 'mcphub-lock-'))
    chmodSync(folder, 0o755)
  })
  afterAll(async () => {
    await pypi.stop()
    execFileSync('docker', ['volume', 'rm', '--force', volume])
    rmSync(folder, { recursive: true })
  })

  const install = (spec: object, lock: string): ReturnType<typeof runContainer> => {
    writeFileSync(join(folder, 'requirements.txt'), lock)
    return runContainer([
      ...HARDENED.filter((one) => !one.startsWith('--network')),
      '--network=host',
      '--tmpfs=/tmp',
      `--volume=${volume}:/package`,
      `--volume=${folder}:/etc/mcphub/lock:ro`,
      '--env=HOME=/tmp',
      `--env=MCPHUB_REGISTRY_URL=${pypi.url}`,
      `--env=MCPHUB_PACKAGE=${JSON.stringify(spec)}`,
      '--entrypoint=python3',
      image('sandbox-python'),
      '/opt/mcphub/images/installer/install.py',
    ])
  }

  test('installs by the lock with nothing else writable; the sandbox runs it from there, read-only', async () => {
    expect(await install({ pypi: PYPI_PACKAGE }, pypi.lock)).toMatchObject({ code: 0, stderr: '' })
    const server = [`--volume=${volume}:/package:ro`, '--entrypoint=/package/bin/server', image('sandbox-python')]
    const { stdout } = await runContainer([...HARDENED, ...server], conversation('none', {}))
    expect(stdout).toContain('python-probe')
  })

  test.each([
    // digits that would be a status elsewhere
    ['a file with another hash', { pypi: PYPI_PACKAGE }, /sha256:..../, 'sha256:4290', 'hash'],
    [
      'a lock of another version',
      { pypi: { ...PYPI_PACKAGE, version: '1.0.1' } },
      /^/,
      '',
      'another package or version',
    ],
    ['an executable that is not there', { pypi: PYPI_PACKAGE, bin: 'none' }, /^/, '', 'no executable of that name'],
  ])('%s is refused for good', async (_, spec, from, to, sentence) => {
    const { code, stderr } = await install(spec, pypi.lock.replace(from, to))
    expect({ code, stderr }).toEqual({ code: 65, stderr: expect.stringContaining(sentence) })
  })
})

describeImages('images of packages, as `mcphub image` writes them', () => {
  test.each(['everything', 'filesystem'] as const)(
    '%s answers without network, its code compiled beforehand',
    async (name) => {
      const calls = {
        everything: ['echo', { message: 'canary' }],
        filesystem: ['list_allowed_directories', {}],
      } as const
      const args = { everything: ['stdio'], filesystem: ['/work'] }[name]
      const [tool, input] = calls[name]
      const ended = await runContainer(
        [
          ...HARDENED,
          '--tmpfs=/work:uid=64536',
          '--env=NODE_DEBUG_NATIVE=COMPILE_CACHE',
          '--entrypoint=node',
          packagedImage(name),
          '/package/server',
          ...args,
        ],
        conversation(tool, input),
      )
      const answer = ended.stdout.split('\n').find((line) => line.includes('"id":2')) ?? ''
      expect(answer).toContain(name === 'everything' ? 'canary' : '/work')
      expect(ended.stderr + ended.stdout).toMatch(/server\.mjs was accepted/)
    },
  )

  test('time, of PyPI, answers without network; its modules were compiled beforehand, and hold from a read-only root', async () => {
    const start = (...env: string[]): ReturnType<typeof runContainer> =>
      runContainer(
        [...HARDENED, '--tmpfs=/work:uid=64536', ...env, '--entrypoint=/package/bin/server', packagedImage('time')],
        conversation('get_current_time', { timezone: 'Europe/Berlin' }),
        '"id":2',
      )
    const { stdout } = await start()
    expect(stdout.split('\n').find((line) => line.includes('"id":2')) ?? '').toContain('Europe/Berlin')
    // of its own modules and of what they import, none is compiled again
    const traced = (await start('--env=PYTHONVERBOSE=1')).stderr
      .split('\n')
      .filter((line) => line.includes('/package/lib'))
    expect(traced.filter((line) => /code object from '.*\.pyc'/.test(line)).length).toBeGreaterThan(20)
    expect(traced.filter((line) => /code object from '.*\.py'|can't create/.test(line))).toEqual([])
  })
})
