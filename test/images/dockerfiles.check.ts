// `make images-check FROM_REGISTRY=1`: the Dockerfiles as BuildKit reads them, for both kinds of machines; and the images that buildah makes of them with their default bases, from a registry.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { IMAGES } from '../../images/context.ts'
import { plainImage } from './from-registry.ts'
import { describeImages, HARDENED, runContainer } from './kit.ts'
import { dockerfileOf, PACKAGED } from './packaged.ts'
import type { Reading } from './programs.ts'
import { readDockerfiles } from './programs.ts'

const ROOT = join(import.meta.dirname, '../..')
const describeBuilt = process.env['FROM_REGISTRY'] === '1' ? describeImages : skipByName

function skipByName(name: string, define: () => void): void {
  describe.skip(`${name} (skipped: FROM_REGISTRY=1 builds them)`, define)
}

const fileOf = (name: string): string => join(ROOT, `Dockerfile.${name}`)

describeBuilt('BuildKit reads every Dockerfile', () => {
  let readings: readonly Reading[]
  beforeAll(async () => {
    readings = await readDockerfiles([...IMAGES.map(fileOf), ...PACKAGED.map(dockerfileOf)])
  })

  test('of the repository and of `mcphub image`, without a fault or a warning, for amd64 and arm64', () => {
    expect(readings.length).toBe(2 * (IMAGES.length + PACKAGED.length))
    for (const { file, platform, error, warnings } of readings)
      expect({ file, platform, error, warnings }).toEqual({ file, platform, error: undefined, warnings: [] })
  })

  test('the bases are the official ones unless the builder says otherwise', () => {
    const names = readings.filter(({ file }) => file.startsWith(fileOf(''))).flatMap(({ bases }) => bases)
    const official = ['golang:1.26', 'node:26-slim', 'python:3.14-slim'].map((name) => `docker.io/library/${name}`)
    expect([...new Set(names.map(({ name }) => name))].sort()).toEqual(official)
  })

  test.each(['sandbox-node', 'sandbox-python', 'shim'])(
    '%s: the shim is compiled where the build runs, for the machine of the image',
    (name) => {
      const of = (platform: string): Reading =>
        readings.find((one) => one.file === fileOf(name) && one.platform === platform)!
      for (const architecture of ['amd64', 'arm64']) {
        const { bases, environments } = of(`linux/${architecture}`)
        expect(bases.find((base) => base.name.includes('golang'))?.platform).toBe('linux/amd64')
        expect(environments).toContain(`TARGETARCH=${architecture}`)
        for (const base of bases.filter((one) => !one.name.includes('golang')))
          expect(base.platform).toBe(`linux/${architecture}`)
      }
    },
  )
})

describe('no Dockerfile and no step of a build knows one kind of machine alone', () => {
  test.each([
    ...IMAGES.map((name) => `Dockerfile.${name}`),
    ...['images/root.ts', 'images/root.py', 'images/bundle.ts', 'images/sbom.py', 'scripts/build-shim.sh'],
  ])('%s', (file) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).not.toMatch(/x86_64|x64|amd64|aarch64|arm64/)
  })
})

describeBuilt('images of the Dockerfiles as they stand, from a registry', () => {
  test.each([
    ['gateway', ['--help'], 'MCPHUB_DATABASE_URL_FILE'],
    ['operator', ['--help'], 'MCPHUB_SANDBOX_NAMESPACE'],
    ['sandbox-node', ['--self-test'], 'passed'],
    ['sandbox-python', ['--self-test'], 'passed'],
    ['shim', ['--help'], 'MCPHUB_GATEWAY_URL'],
  ] as const)('%s starts, hardened, and has no shell', async (name, args, expected) => {
    const volumes = ['--tmpfs=/work:uid=64536', '--tmpfs=/tmp']
    const { code, stdout, stderr } = await runContainer([...HARDENED, ...volumes, plainImage(name), ...args])
    expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: expect.stringContaining(expected) })
    expect((await runContainer([...HARDENED, '--entrypoint=/bin/sh', plainImage(name)])).code).toBe(127)
  })
})
