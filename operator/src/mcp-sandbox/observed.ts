// Everything a sandbox's plan is made from, as one value.
import { effectiveLimits, type NamedGroup } from '@mcphub/api'
import type { PodTemplate } from '../pods/build-pod.ts'
import type { PodSettings } from '../pods/settings.ts'
import type { PodObject, SandboxObject, ServerObject } from '../resources.ts'

/** Another sandbox of the same person that has a pod, or is getting one. */
export interface Holder {
  readonly name: string
  readonly activeUntilMs: number
}

export interface Observed {
  readonly sandbox: SandboxObject
  /** null: gone, or a later one of the same name */
  readonly server: ServerObject | null
  /** those the sandbox names and that exist */
  readonly groups: readonly NamedGroup[]
  /** keys of those it names of which nobody knows whether they exist: nothing starts and nothing is replaced on their account */
  readonly unknownGroups: readonly string[]
  /** its own by owner's UID, those that end too */
  readonly pods: readonly PodObject[]
  /** pods of the server's pool that it may take */
  readonly pool: readonly PodObject[]
  /** names of pods that are in use, whoever owns them */
  readonly isPodName: (name: string) => boolean
  /** the person's other running sandboxes */
  readonly holders: readonly Holder[]
  /** its kept folder is there */
  readonly hasVolume: boolean
  /** nothing may start before the server's policy is in force (threats BOX-5) */
  readonly hasPolicy: boolean
  /** for how long the API server has answered without a break, in ms */
  readonly contactMs: number
  readonly settings: SandboxSettings
}

export interface SandboxSettings {
  readonly pods: PodSettings
  readonly sandboxesPerUser: number
  readonly ttlDays: number
  /** contact that is shorter proves no time over, in ms */
  readonly settlingMs: number
}

/** What its pod is made from; null when the server has nothing to run. */
export function templateOf({ server, groups, settings }: Observed): PodTemplate | null {
  if (!server?.spec.stdio) return null
  const { metadata, spec } = server
  return {
    server: { name: metadata.name, stdio: spec.stdio! },
    limits: effectiveLimits(groups),
    settings: settings.pods,
  }
}
