// Whether a server can be used as it stands: each check is pure and gives a reason and a sentence that names the field and the fix. What the
// API server refused already is checked again: an object may be older than a rule.
import { checkMetadata, checkServer, findUnbuilt, type FieldFault } from '@mcphub/api'
import { isImageAllowed } from '../pods/allowed-images.ts'
import type { PodSettings } from '../pods/settings.ts'
import type { ServerObject } from '../resources.ts'

export interface Verdict {
  readonly holds: boolean
  /** CamelCase, of the condition */
  readonly reason: string
  readonly message: string
}

export type ServerSettings = Pick<PodSettings, 'allowedImages' | 'registry'>

const MOST_FAULTS = 5

/** The first verdict that keeps a server's pods from being made; null: they may. */
export function findServerFault(server: ServerObject, settings: ServerSettings): Verdict | null {
  return [checkAccepted(server, settings), checkImage(server, settings)].find(({ holds }) => !holds) ?? null
}

export function checkAccepted({ metadata, spec, unreadable }: ServerObject, settings: ServerSettings): Verdict {
  if (unreadable !== undefined) return { holds: false, reason: 'Invalid', message: unreadable }
  const faults = [
    ...checkMetadata({ labels: withoutCommon(metadata.labels) }),
    ...checkServer(spec).map(({ field, message }) => ({ field: `spec.${field}`, message })),
  ]
  if (faults.length > 0) return { holds: false, reason: 'Invalid', message: listFaults(faults) }
  const unbuilt = findUnbuilt(spec)
  if (unbuilt !== null) return { holds: false, reason: 'TypeNotBuilt', message: unbuilt }
  return findClosedRegistry(spec, settings) ?? { holds: true, reason: 'Valid', message: 'every rule of the hub holds' }
}

/** Helm, Argo CD and others put these on whatever they apply; nothing here reads or copies them. */
function withoutCommon(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith('app.kubernetes.io/')))
}

/** An install that can reach no registry would fail at every start. */
function findClosedRegistry({ stdio }: ServerObject['spec'], { registry }: ServerSettings): Verdict | null {
  if (!stdio?.package || stdio.egress.mode !== 'None' || registry.cidrs.length > 0) return null
  return {
    holds: false,
    reason: 'RegistryClosed',
    message:
      'spec.stdio.package is installed when a pod starts, and spec.stdio.egress.mode None lets it reach no registry: ' +
      "give mode Internet or Cidrs, or name the registry's networks in the chart's registry.cidrs, or use an image made by `mcphub image`",
  }
}

export function checkImage({ spec: { stdio } }: ServerObject, { allowedImages }: ServerSettings): Verdict {
  if (stdio?.package)
    return {
      holds: true,
      reason: 'InstalledAtStart',
      message:
        'spec.stdio.package is installed each time a pod starts, which is slower and needs the registry then; an image made by `mcphub image` has it inside',
    }
  if (stdio?.image === undefined || isImageAllowed(stdio.image, allowedImages))
    return { holds: true, reason: 'Allowed', message: 'the image may run here' }
  return {
    holds: false,
    reason: 'ImageNotAllowed',
    message: `spec.stdio.image begins with none of the allowed prefixes: ${allowedImages.join(', ')}; use such an image, or let an administrator add its registry`,
  }
}

export function listFaults(faults: readonly FieldFault[]): string {
  const shown = faults.slice(0, MOST_FAULTS).map(({ field, message }) => `${field}: ${message}`)
  const more = faults.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}
