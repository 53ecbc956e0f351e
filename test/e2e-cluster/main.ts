// `make e2e`: a real cluster, the hub's images and chart, every story, a report; takes everything down again.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import { findForeign, openCluster } from '../cluster/cluster.ts'
import { inNetwork } from '../cluster/commands.ts'
import { takeDown } from '../cluster/down.ts'
import type { Probe } from '../cluster/probes.ts'
import { presentProbes, probeCluster } from '../cluster/probes.ts'
import { createStages } from '../cluster/stages.ts'
import { writeContext } from './context.ts'
import { prepareHubImages } from './hub-images.ts'
import { prepareStoryImages } from './images.ts'
import { enterHub, installHub, removeHub, toolEnv } from './install.ts'
import { startRegistry } from './registry.ts'
import { forgetResults, presentResults, writeReport } from './report.ts'
import { OUT, ROOT } from './settings.ts'
import { startProvisioner } from './volumes.ts'

/** Words of file names: `4 attack`. */
const chosen = (process.env['STORY'] ?? '').split(/\s+/).filter(Boolean)
/** 1: the cluster and the hub stay; the next run goes on with them. */
const isKept = process.env['KEEP'] === '1'

const stages = createStages()

/** Ctrl-C reaches the stories too, which end; what was started is taken down all the same. */
function passOver(): void {
  console.error('Ending: taking down what was started.')
}
process.on('SIGINT', passOver)
process.on('SIGTERM', passOver)

function runStories(cluster: Cluster): Promise<number> {
  const vitest = ['vitest', 'run', '--config', 'vitest.e2e.config.ts', ...chosen.map((word) => `stories/${word}`)]
  const [file = '', ...args] = cluster.own ? inNetwork(vitest) : vitest
  const ended = Promise.withResolvers<number>()
  const child = spawn(file, args, { cwd: ROOT, stdio: 'inherit', env: toolEnv(cluster) })
  child.on('error', ended.reject)
  child.on('close', (code) => ended.resolve(code ?? 1))
  return ended.promise
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
  writeContext({ ...entered, serverImage: stories.server, archives, own: cluster.own, probes })
}

async function work(cluster: Cluster): Promise<number> {
  const endProvisioner = cluster.own ? startProvisioner(cluster) : () => Promise.resolve()
  try {
    const probes = await stages.run('probes', () => probeCluster(cluster))
    console.log(presentProbes(probes))
    await prepareHub(cluster, probes)
    return await stages.run('stories', () => runStories(cluster))
  } finally {
    await endProvisioner()
  }
}

async function tidyUp(cluster: Cluster): Promise<void> {
  if (isKept) return
  if (cluster.own) await takeDown()
  else await removeHub(cluster)
}

async function main(): Promise<number> {
  forgetResults()
  if (!isKept && !findForeign(process.env)) await stages.run('down, of an earlier run', takeDown)
  const cluster = await openCluster(stages)
  try {
    return await work(cluster)
  } finally {
    await stages.run('down', () => tidyUp(cluster))
    const report = `${presentResults()}\n\n${stages.table()}`
    writeReport(join(OUT, 'report.txt'), report)
    console.log(`\n${report}`)
  }
}

process.exitCode = await main()
