// What a manifest of the corpus says of itself in its first comments. `says` is what a create or replace is refused with; server-side apply words
// duplicates and unknown fields in its own way, before any rule is asked.
import { listExamples } from './crd-files.ts'

export interface BadExample {
  readonly name: string
  readonly text: string
  /** the field a refusal must name */
  readonly field: string
  /** what the API server's refusal must say */
  readonly says: string
  /** nothing that a hub on one machine could refuse: a change, or what only the gateway writes */
  readonly clusterOnly: boolean
}

const told = (text: string, what: string): string => new RegExp(`^# ${what}: (.*)$`, 'm').exec(text)?.[1] ?? ''

export const GOOD = [...listExamples('test/crds/good'), ...listExamples('catalog')]

export const BAD: readonly BadExample[] = listExamples('test/crds/bad').map(({ name, text }) => ({
  name,
  text,
  field: told(text, 'field'),
  says: told(text, 'says'),
  clusterOnly: told(text, 'only') === 'cluster',
}))
