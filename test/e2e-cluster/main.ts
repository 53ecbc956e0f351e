// `make e2e`: a real cluster, the hub's images and chart, every story, a report; takes everything down again.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { findForeign, openCluster } from '../cluster/cluster.ts'
import { takeDown } from '../cluster/down.ts'
import type { Probe } from '../cluster/probes.ts'
import { presentProbes, probeCluster } from '../cluster/probes.ts'
import { createStages } from '../cluster/stages.ts'
import { checkApi, whyNoApiChecks } from './api-checks.ts'
import { writeContext } from './context.ts'
import { prepareHubImages } from './hub-images.ts'
import { prepareStoryImages } from './images.ts'
import { enterHub, installHub, removeHub } from './install.ts'
import { startRegistry } from './registry.ts'
import { forgetResults, presentResults, writeReport } from './report.ts'
import { OUT, ROOT } from './settings.ts'
import { runVitest } from './vitest.ts'
import { startProvisioner } from './volumes.ts'

/** What is no story, by its word in STORY. The images take as long as half of all stories: only when they are named. */
const API = 'api'
const IMAGES = 'images'

/** Words of file names, and of the parts that are no stories: `4 attack api`. None: all but the images. */
const chosen = (process.env['STORY'] ?? '').split(/\s+/).filter(Boolean)
const stories = chosen.filter((word) => word !== API && word !== IMAGES)
/** 1: the cluster and the hub stay; the next run goes on with them. */
const isKept = process.env['KEEP'] === '1'

const stages = createStages()

/** Ctrl-C reaches the stories too, which end; what was started is taken down all the same. */
function passOver(): void {
  console.error('Ending: taking down what was started.')
}
process.on('SIGINT', passOver)
process.on('SIGTERM', passOver)

const runStories = (cluster: Cluster): Promise<number> =>
  runVitest(cluster, ['--config', 'vitest.e2e.config.ts', ...stories.map((word) => `stories/${word}`)])

/** The hub's images in a container engine, beside no cluster: there are two cores. */
function checkImages(): Promise<number> {
  const ended = Promise.withResolvers<number>()
  const child = spawn('node', ['test/images/main.ts'], { cwd: ROOT, stdio: 'inherit' })
  child.on('error', ended.reject)
  child.on('close', (code) => ended.resolve(code ?? 1))
  return ended.promise
}

/** Before the hub is there. */
async function askApi(cluster: Cluster): Promise<number> {
  if (chosen.length > 0 && !chosen.includes(API)) return 0
  const reason = await whyNoApiChecks(cluster)
  if (reason === null) return stages.run('the API server itself', () => checkApi(cluster))
  console.log(`skipped: the suites that ask the API server: ${reason}`)
  return 0
}

async function prepareHub(cluster: Cluster, probes: readonly Probe[]): Promise<void> {
  const hub = await stages.run('images of the hub', prepareHubImages)
  const stories = await stages.run('images of the stories', prepareStoryImages)
  const archives = [...hub.archives, ...stories.archives]
  await stages.run('images loaded', async () => {
    for (const archive of archives) await cluster.loadImage(archive)
  })
  const registry = await stages.run('package registry', () => startRegistry(cluster))
  await stages.run('helm install, all ready', () => installHub(cluster, { images: hub, registry }))
  const entered = await stages.run('one-time set-up', () => enterHub(cluster))
  const sandboxArchives = [hub.shimArchive, stories.archives[0]!]
  writeContext({ ...entered, serverImage: stories.server, sandboxArchives, own: cluster.own, probes })
}

async function work(cluster: Cluster): Promise<number> {
  const endProvisioner = cluster.own ? startProvisioner(cluster) : () => Promise.resolve()
  try {
    const probes = await stages.run('probes', () => probeCluster(cluster))
    console.log(presentProbes(probes))
    const asked = await askApi(cluster)
    if (chosen.length > 0 && stories.length === 0) return asked
    await prepareHub(cluster, probes)
    return (await stages.run('stories', () => runStories(cluster))) || asked
  } finally {
    await endProvisioner()
  }
}

async function tidyUp(cluster: Cluster): Promise<void> {
  if (isKept) return
  if (cluster.own) await takeDown()
  else await removeHub(cluster)
}

async function runInCluster(): Promise<number> {
  if (!isKept && !findForeign(process.env)) await stages.run('down, of an earlier run', takeDown)
  const cluster = await openCluster(stages)
  try {
    return await work(cluster)
  } finally {
    await stages.run('down', () => tidyUp(cluster))
  }
}

async function main(): Promise<number> {
  forgetResults()
  let [inCluster, ofImages] = [1, 0]
  try {
    inCluster = chosen.join() === IMAGES ? 0 : await runInCluster()
    if (chosen.includes(IMAGES)) ofImages = await stages.run('images in an engine', checkImages)
    return inCluster || ofImages
  } finally {
    const engine = ofImages === 0 ? '' : 'FAILED: the images in a container engine\n\n'
    const report = `${presentResults()}\n\n${engine}${stages.table()}`
    writeReport(join(OUT, 'report.txt'), report)
    console.log(`\n${report}`)
  }
}

process.exitCode = await main()
