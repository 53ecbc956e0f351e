// What of a new manifest has been dealt with: a field in which nothing was typed yet is not told what is wrong with it.
import { useState } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import type { ManifestFault } from '../api/use-check.ts'
import { sectionsOf } from './form/fields.ts'
import { isWithin } from './form/faults-of.ts'
import { pathText, readManifest, type Path } from './form/manifest.ts'
import type { Kind } from './kind.ts'

export interface Touched {
  /** one has begun */
  readonly isAny: boolean
  readonly touch: (path: Path) => void
  /** all of it, e.g. since it is to be saved */
  readonly touchAll: () => void
  readonly choose: (faults: readonly ManifestFault[]) => readonly ManifestFault[]
}

/** `isFresh`: nothing of it has been typed so far. */
export function useTouched(isFresh: boolean): Touched {
  const [touched, setTouched] = useState<readonly string[] | null>(isFresh ? [] : null)
  return {
    isAny: touched === null || touched.length > 0,
    touch: (path) => setTouched((before) => before && [...new Set([...before, pathText(path)])]),
    touchAll: () => setTouched(null),
    choose: (faults) =>
      touched === null ? faults : faults.filter(({ path }) => touched.some((one) => isWithin(path, one))),
  }
}

export type LabelOf = (path: string | null) => string | null

/** What the form calls the place of a fault; null: it has no field there. */
export function useLabelOf(kind: Kind, text: string, isNew: boolean): LabelOf {
  const t = useText('catalog')
  const { data } = readManifest(text)
  const fields = data === null ? [] : sectionsOf(kind, data, isNew).flatMap((section) => section.fields)
  return (path) => {
    const field = fields.find((one) => isWithin(path, pathText(one.path)))
    return field === undefined ? null : t(`field.${field.text}`)
  }
}
