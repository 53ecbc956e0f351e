// What the hub says of a manifest, at the field it is about. Pure.
import type { ManifestFault } from '../../api/use-check.ts'
import { pathText, type Path } from './manifest.ts'

type FoundFault = Pick<ManifestFault, 'message' | 'said'>

/** The sentence alone: the field stands beside it. */
export function withoutField({ path, message, said }: ManifestFault): FoundFault {
  if (path === null || !message.startsWith(`${path}: `)) return { message, said }
  const [first, ...rest] = said
  return { message: message.slice(path.length + 2), said: first?.params['place'] === path ? rest : said }
}

export function faultsAt(faults: readonly ManifestFault[], path: Path): readonly FoundFault[] {
  const wanted = pathText(path)
  return faults.filter((fault) => fault.path === wanted).map(withoutField)
}

/** Whether a fault is of what stands at this place, or of a part of it. */
export const isWithin = (path: string | null, place: string): boolean =>
  path !== null && (path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`))
