// Labels and annotations of MCPHub's resources and pods. Reserved ones are written by the hub alone: user-given metadata that sets one is
// refused, else a spoofed label could draw another's traffic.
import type { FieldFault } from './errors.ts'
import { slug } from './names.ts'

export const LABEL_GROUP = 'mcphub.io'

export const LABELS = {
  server: `${LABEL_GROUP}/server`,
  userHash: `${LABEL_GROUP}/user-hash`,
  sandbox: `${LABEL_GROUP}/sandbox`,
  pool: `${LABEL_GROUP}/pool`,
  templateHash: `${LABEL_GROUP}/template-hash`,
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  partOf: 'app.kubernetes.io/part-of',
  managedBy: 'app.kubernetes.io/managed-by',
} as const

const RESERVED_NAMES: ReadonlySet<string> = new Set(Object.values(LABELS))

/** Everything under `mcphub.io/` and its subdomains, and the common labels the hub sets itself. */
export function isReservedLabel(key: string): boolean {
  const group = key.includes('/') ? key.slice(0, key.indexOf('/')) : ''
  return group === LABEL_GROUP || group.endsWith(`.${LABEL_GROUP}`) || RESERVED_NAMES.has(key)
}

/** Any text as a label value: valid, at most 63 characters, different texts differ. */
export const labelValue = slug

export type Component = 'gateway' | 'operator' | 'sandbox'

/** The common labels of one of the hub's own objects. */
export function commonLabels(component: Component, instance: string): Record<string, string> {
  return {
    [LABELS.name]: 'mcphub',
    [LABELS.instance]: labelValue(instance),
    [LABELS.component]: component,
    [LABELS.partOf]: 'mcphub',
    [LABELS.managedBy]: component === 'sandbox' ? 'mcphub-operator' : 'helm',
  }
}

/** Reserved labels or annotations in a manifest's own metadata. */
export function checkMetadata(metadata: {
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}): FieldFault[] {
  return (['labels', 'annotations'] as const).flatMap((member) =>
    Object.keys(metadata[member] ?? {})
      .filter(isReservedLabel)
      .map((key) => ({
        field: `metadata.${member}.${key}`,
        message: 'This name is reserved for the hub; choose another',
      })),
  )
}
