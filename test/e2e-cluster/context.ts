// What the runner tells the stories: where the hub answers, an administrator's key, the image people's servers run.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Probe } from '../cluster/probes.ts'
import { CONTEXT_FILE } from './settings.ts'

export interface Context {
  /** `http://<name>:<port>` of the hub's Service */
  readonly url: string
  /** its address as this machine reaches it; null: the URL's own */
  readonly address: string | null
  readonly adminKey: string
  /** by digest */
  readonly serverImage: string
  /** what manifests must say for an image's own name with digest, where it is another */
  readonly imageNames: Readonly<Record<string, string>>
  /** of all images a node must know to run people's pods: a node that comes later has none of them */
  readonly sandboxArchives: readonly string[]
  /** this project's own cluster: its processes can be stopped, its etcd read */
  readonly own: boolean
  /** what this cluster can prove */
  readonly probes: readonly Probe[]
}

export function writeContext(context: Context): void {
  mkdirSync(dirname(CONTEXT_FILE), { recursive: true })
  writeFileSync(CONTEXT_FILE, JSON.stringify(context), { mode: 0o600 })
}

/** Null when there was no run. */
export function readContext(): Context | null {
  try {
    return JSON.parse(readFileSync(CONTEXT_FILE, 'utf8')) as Context
  } catch {
    return null
  }
}
