// `make images-check`, `make e2e STORY=images`: builds the images, starts a container engine of its own and runs the checks of this folder against it.
// Where no engine can be started, the checks are skipped, each by its name and with the reason.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildah, CACHE } from '../../images/buildah.ts'
import { buildImages } from '../../images/build.ts'
import { IMAGES } from '../../images/context.ts'
import { run } from '../cluster/commands.ts'
import { installPackages } from '../cluster/host.ts'
import { createStages } from '../cluster/stages.ts'
import { preparePostgresImage } from '../e2e-cluster/postgres-image.ts'
import { POSTGRES_IMAGE } from '../e2e-cluster/settings.ts'
import { PACKAGED, packagedImage, preparePackagedImage } from './packaged.ts'
import { startEngine, whyNoEngine } from './engine.ts'
import { buildFromRegistry, plainImage } from './from-registry.ts'
import { buildPrograms } from './programs.ts'

/** Everything is fetched and compiled once more in the Dockerfiles' own steps, which takes minutes: not on every run. */
const withRegistry = process.env['FROM_REGISTRY'] === '1'

const stages = createStages()

/** Engines of Debian's age read no OCI archives. */
async function load(host: string, reference: string, archive: string | null): Promise<void> {
  const file = join(CACHE, 'docker-archive.tar')
  if (archive !== null) {
    const id = (await buildah(['pull', '--quiet', `oci-archive:${archive}`])).trim()
    await buildah(['tag', id, reference])
  }
  await rm(file, { force: true })
  await buildah(['push', '--quiet', reference, `docker-archive:${file}:${reference}`])
  await run(['docker', '-H', host, 'load', '--quiet', '--input', file], { timeoutMs: 300_000 })
  await rm(file)
}

function runChecks(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [file = '', ...args] = command
  const ended = Promise.withResolvers<number>()
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  child.on('error', ended.reject)
  child.on('close', (code) => ended.resolve(code ?? 1))
  return ended.promise
}

const VITEST = ['vitest', 'run', '--config', 'vitest.images.config.ts', ...process.argv.slice(2)]

async function runInEngine(): Promise<number> {
  const built = await stages.run('images', () => buildImages())
  await stages.run('images of packages', () => Promise.all(PACKAGED.map((name) => preparePackagedImage(name))))
  if (withRegistry) {
    await stages.run('programs of the checks', buildPrograms)
    await stages.run('images from a registry', () => buildFromRegistry())
  }
  const postgres = await stages.run('PostgreSQL image', preparePostgresImage)
  const engine = await stages.run('engine', startEngine)
  try {
    await stages.run('images loaded', async () => {
      for (const { reference, archive } of built) await load(engine.host, reference, archive)
      for (const name of PACKAGED) await load(engine.host, packagedImage(name), null)
      if (withRegistry) for (const name of IMAGES) await load(engine.host, plainImage(name), null)
      await load(engine.host, POSTGRES_IMAGE, postgres)
    })
    const env = { DOCKER_HOST: engine.host, TESTCONTAINERS_RYUK_DISABLED: 'true', MCPHUB_ENGINE: 'ready' }
    return await stages.run('checks', () => runChecks(engine.within(VITEST), env))
  } finally {
    await stages.run('engine ended', () => engine.stop())
  }
}

/** Debian's names, and a file of each that shows it is there. */
const PACKAGES = { 'docker.io': '/usr/sbin/dockerd', buildah: '/usr/bin/buildah', iproute2: '/usr/sbin/ip' }

if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get'))
  await stages.run('packages', () => installPackages(PACKAGES))
const reason = whyNoEngine()
process.exitCode = reason === null ? await runInEngine() : await runChecks(VITEST, { MCPHUB_ENGINE: reason })
console.log(`\n${stages.table()}`)
