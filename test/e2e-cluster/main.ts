// `make e2e`: a real cluster, the hub's images and chart, every story, a report; takes everything down again.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { findForeign, openCluster } from '../cluster/cluster.ts'
import { takeDown } from '../cluster/down.ts'
import type { Probe } from '../cluster/probes.ts'
import { presentProbes, probeCluster } from '../cluster/probes.ts'
import { createStages } from '../cluster/stages.ts'
import { checkApi, whyNoApiChecks } from './api-checks.ts'
import { choose } from './choose.ts'
import { writeContext } from './context.ts'
import type { Definitions } from './definitions.ts'
import { ClusterTaken, decideDefinitions } from './definitions.ts'
import type { Delivered } from './delivery.ts'
import { deliverImages, deliverTestImage } from './delivery.ts'
import { openEntrance } from './entrance.ts'
import type { Entrance } from './entrance.ts'
import type { HubImages } from './hub-images.ts'
import { prepareHubImages } from './hub-images.ts'
import type { StoryImages } from './images.ts'
import { prepareStoryImages } from './images.ts'
import { enterHub, installHub, removeHub } from './install.ts'
import type { Registry } from './registry.ts'
import { startRegistry } from './registry.ts'
import { forgetResults, presentResults, writeReport } from './report.ts'
import { OUT, ROOT, SUFFIX, SUFFIX_VARIABLE } from './settings.ts'
import { runVitest } from './vitest.ts'
import { startProvisioner } from './volumes.ts'

const STORIES = join(import.meta.dirname, 'stories')
const chosen = choose(process.env['STORY'] ?? '', readdirSync(STORIES))
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
  runVitest(cluster, ['--config', 'vitest.e2e.config.ts', ...chosen.stories.map((file) => join(STORIES, file))])

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
  if (!chosen.api) return 0
  const reason = await whyNoApiChecks(cluster)
  if (reason === null) return stages.run('the API server itself', () => checkApi(cluster))
  console.log(`skipped: the suites that ask the API server: ${reason}`)
  return 0
}

interface Prepared {
  readonly hub: HubImages
  readonly stories: StoryImages
  readonly images: Delivered
  readonly registry: Registry
}

/** Built, known to the nodes, and the registry that installs reach. */
async function prepareImages(cluster: Cluster, testImage: string): Promise<Prepared> {
  const hub = await stages.run('images of the hub', prepareHubImages)
  const stories = await stages.run('images of the stories', prepareStoryImages)
  const images = await stages.run('images loaded', () => deliverImages(cluster, hub, stories))
  const registry = await stages.run('package registry', () => startRegistry(cluster, testImage))
  return { hub, stories, images, registry }
}

interface Ground {
  readonly definitions: Definitions
  readonly probes: readonly Probe[]
}

async function prepareHub(cluster: Cluster, ground: Ground, prepared: Prepared): Promise<Entrance> {
  const { hub, stories, images, registry } = prepared
  await stages.run('helm install, all ready', () => installHub(cluster, { images, registry, ...ground }))
  const entrance = await openEntrance(cluster)
  const { url, address } = entrance
  try {
    const { adminKey } = await stages.run('one-time set-up', () => enterHub(cluster, entrance))
    const sandboxArchives = [hub.shimArchive, stories.archives[0]!]
    const { server: serverImage, names: imageNames } = images
    writeContext({
      url,
      address,
      adminKey,
      serverImage,
      imageNames,
      sandboxArchives,
      own: cluster.own,
      probes: ground.probes,
    })
    return entrance
  } catch (fault) {
    await entrance.close()
    throw fault
  }
}

async function work(cluster: Cluster, definitions: Definitions): Promise<number> {
  const endProvisioner = cluster.own ? startProvisioner(cluster) : () => Promise.resolve()
  try {
    const testImage = await deliverTestImage(cluster)
    const probes = await stages.run('probes', () => probeCluster(cluster, testImage))
    console.log(presentProbes(probes))
    if (chosen.stories.length === 0) return await askApi(cluster)
    // beside each other: the suites wait for the API server most of the time. Neither may be left running when the other fails.
    const [asked, prepared] = await Promise.allSettled([askApi(cluster), prepareImages(cluster, testImage)])
    if (asked.status === 'rejected') throw asked.reason
    if (prepared.status === 'rejected') throw prepared.reason
    const entrance = await prepareHub(cluster, { definitions, probes }, prepared.value)
    try {
      return (await stages.run('stories', () => runStories(cluster))) || asked.value
    } finally {
      await entrance.close()
    }
  } finally {
    await endProvisioner()
  }
}

async function tidyUp(cluster: Cluster, definitions: Definitions): Promise<void> {
  if (isKept && !cluster.own) console.log(`The hub stays: ${SUFFIX_VARIABLE}=${SUFFIX} KEEP=1 goes on with it.`)
  if (isKept) return
  if (cluster.own) await takeDown()
  else await removeHub(cluster, definitions)
}

async function runInCluster(): Promise<number> {
  if (!isKept && !findForeign(process.env)) await stages.run('down, of an earlier run', takeDown)
  const cluster = await openCluster(stages)
  const definitions = cluster.own ? 'made' : await decideDefinitions(cluster)
  try {
    return await work(cluster, definitions)
  } finally {
    await stages.run('down', () => tidyUp(cluster, definitions))
  }
}

async function main(): Promise<number> {
  forgetResults()
  let [inCluster, ofImages] = [1, 0]
  try {
    inCluster = chosen.api || chosen.stories.length > 0 ? await runInCluster() : 0
    if (chosen.images) ofImages = await stages.run('images in an engine', checkImages)
    return inCluster || ofImages
  } finally {
    const engine = ofImages === 0 ? '' : 'FAILED: the images in a container engine\n\n'
    const report = `${presentResults()}\n\n${engine}${stages.table()}`
    writeReport(join(OUT, 'report.txt'), report)
    console.log(`\n${report}`)
  }
}

process.exitCode = await main().catch((fault: unknown) => {
  console.error(fault instanceof ClusterTaken ? fault.message : fault)
  return 1
})
