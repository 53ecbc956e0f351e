// How a group says which servers its people get: by their names, or by labels they must have. Never both. Pure.
import { isByLabel } from './fields.ts'
import { editManifest, valueAt, type Data } from './manifest.ts'

const NAMES = ['spec', 'servers']
const SELECTOR = ['spec', 'serverSelector']

/** The text with the other of the two, empty as yet; what the one said is gone with it. */
export function chooseOtherwise(text: string, data: Data): string {
  if (!isByLabel(data)) return editManifest(editManifest(text, NAMES, undefined), SELECTOR, { matchLabels: {} })
  const without = editManifest(text, SELECTOR, undefined)
  return valueAt(data, NAMES) === undefined ? editManifest(without, NAMES, []) : without
}
