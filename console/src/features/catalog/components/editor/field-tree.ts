// What is known of the fields of a manifest, from the custom resource definitions (build/field-trees.ts), and what may be typed at a place of
// it. Pure.
import type { Kind } from '../kind.ts'
import type { Place } from './find-place.ts'

export interface FieldTree {
  /** in English, as `kubectl explain` says it */
  readonly about?: string
  /** the only values it takes */
  readonly values?: readonly string[]
  readonly fields?: Readonly<Record<string, FieldTree>>
  /** of each entry of a list */
  readonly each?: FieldTree
}

export interface Proposal {
  readonly label: string
  /** what is put in its place */
  readonly text: string
  readonly about?: string
}

const NAME: FieldTree = { about: 'Lower-case letters, digits and "-"; cannot change.' }

/** A whole manifest of this kind; `spec`: what may stand below spec. */
const documentTree = (kind: Kind, spec: FieldTree): FieldTree => ({
  fields: {
    apiVersion: { values: ['mcphub.io/v1alpha1'] },
    kind: { values: [kind] },
    metadata: { fields: { name: NAME, labels: {}, annotations: {} } },
    spec,
  },
})

export function propose({ path, what }: Place, kind: Kind, spec: FieldTree): readonly Proposal[] {
  const { values, fields = {} } = path.reduce<FieldTree>(stepInto, documentTree(kind, spec))
  // a value, or an entry of a list of values
  if (what === 'value' || values !== undefined) return (values ?? []).map((value) => ({ label: value, text: value }))
  return Object.entries(fields).map(([name, { about, ...below }]) => ({
    label: name,
    text: 'fields' in below || 'each' in below ? `${name}:` : `${name}: `,
    ...(about === undefined ? {} : { about }),
  }))
}

const stepInto = ({ each, fields }: FieldTree, step: string): FieldTree => (step === '[]' ? each : fields?.[step]) ?? {}
