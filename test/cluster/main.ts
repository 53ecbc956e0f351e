// The cluster by hand: `make cluster`, `make cluster-down`, `make cluster-check`.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { inNetwork } from './commands.ts'
import type { Cluster } from './cluster.ts'
import { findForeign, openCluster } from './cluster.ts'
import { takeDown } from './down.ts'
import { findHostFaults } from './host.ts'
import { addSecondNode, bringUp, isUp, prepareCluster } from './own-cluster.ts'
import { openOutside } from './outside.ts'
import { presentProbes, probeCluster } from './probes.ts'
import { KUBECONFIG, NODE1, program } from './settings.ts'
import { createStages } from './stages.ts'

const USAGE = `node test/cluster/main.ts COMMAND
  host               what this machine lacks for it, a line each; none when it lacks nothing
  build              programs and images into the cache, nothing started
  up                 the cluster, made new
  node               a second node, node2
  probe              what the cluster can prove
  check [NAME...]    the checks of test/cluster/checks; starts a cluster when there is none, and ends it then
  exec COMMAND...    the command inside the cluster's network, with KUBECONFIG set
  outside COMMAND... the command outside of it, with the KUBECONFIG of a cluster that is not ours: reached by its API server alone
  down               ends everything and takes away what is left`

const stages = createStages()

/** Ends with the exit code of the command, which has this terminal and finds the cluster and its tools. */
function passOn(command: readonly string[], kubeconfig = findForeign(process.env) ?? KUBECONFIG): Promise<number> {
  const [file = '', ...args] = command
  const ended = Promise.withResolvers<number>()
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    PATH: `${process.env['PATH'] ?? ''}:${dirname(program('kubectl'))}`,
  }
  const child = spawn(file, args, { stdio: 'inherit', env })
  child.on('error', ended.reject)
  child.on('close', (code) => ended.resolve(code ?? 1))
  return ended.promise
}

/** A foreign cluster is reached as this machine reaches it. */
const fromWithin = (command: readonly string[]): string[] =>
  findForeign(process.env) || !existsSync(`/run/netns/${NODE1.network}`) ? [...command] : inNetwork(command)

async function up(): Promise<void> {
  await bringUp(stages)
  console.log(`\n${stages.table()}\n\nKUBECONFIG=${KUBECONFIG}`)
  console.log('It is reached from within its network: node test/cluster/main.ts exec kubectl get pods -A')
}

async function check(names: readonly string[]): Promise<void> {
  const cluster = await openCluster(stages)
  try {
    const vitest = ['vitest', 'run', '--config', 'vitest.cluster.config.ts', ...names]
    process.exitCode = await stages.run('checks', () => passOn(fromWithin(vitest)))
  } finally {
    await stages.run('down', () => cluster.stop())
  }
  console.log(`\n${stages.table()}`)
}

async function probe(): Promise<void> {
  if (!findForeign(process.env) && !isUp()) throw new Error('No cluster is up: `make cluster`, or set KUBECONFIG.')
  const cluster: Cluster = await openCluster(stages)
  console.log(presentProbes(await probeCluster(cluster)))
}

async function outside(command: readonly string[]): Promise<void> {
  if (!isUp()) throw new Error('No cluster is up: `make cluster`.')
  const { kubeconfig, close } = await openOutside()
  try {
    process.exitCode = await passOn(command, kubeconfig)
  } finally {
    await close()
  }
}

async function sayHost(): Promise<void> {
  for (const fault of await findHostFaults()) console.log(fault)
}

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  host: sayHost,
  build: async () => {
    await prepareCluster(stages)
  },
  up,
  node: () => stages.run('second node Ready', addSecondNode),
  probe,
  check,
  exec: async (args) => {
    process.exitCode = await passOn(fromWithin(args))
  },
  outside,
  down: () => stages.run('down', takeDown),
}

const [name = '', ...args] = process.argv.slice(2)
const command = COMMANDS[name]
if (command) await command(args)
else {
  console.error(USAGE)
  process.exitCode = 2
}
