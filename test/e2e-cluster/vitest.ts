// Vitest as a program of its own, where it reaches the cluster.
import { spawn } from 'node:child_process'
import type { Cluster } from '../cluster/cluster.ts'
import { inNetwork } from '../cluster/commands.ts'
import { toolEnv } from './install.ts'
import { ROOT, SUFFIX, SUFFIX_VARIABLE } from './settings.ts'

/** Its exit code: 0 when all passed. */
export function runVitest(cluster: Cluster, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const command = ['vitest', 'run', ...args]
  const [file = '', ...rest] = cluster.own ? inNetwork(command) : command
  const ended = Promise.withResolvers<number>()
  const settings = { ...toolEnv(cluster), [SUFFIX_VARIABLE]: SUFFIX, ...env }
  const child = spawn(file, rest, { cwd: ROOT, stdio: 'inherit', env: settings })
  child.on('error', ended.reject)
  child.on('close', (code) => ended.resolve(code ?? 1))
  return ended.promise
}
