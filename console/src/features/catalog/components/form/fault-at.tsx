// What is wrong with one field, as its control shows it.
import type { ReactNode } from 'react'
import { capital } from '../../../../lib/capital.ts'
import { Told } from '../../../../ui/told.tsx'
import type { ManifestFault } from '../../api/use-check.ts'
import { faultsAt } from './faults-of.ts'
import type { Path } from './manifest.ts'

/** Null: nothing is. */
export function faultAt(faults: readonly ManifestFault[], path: Path): ReactNode {
  const found = faultsAt(faults, path)
  if (found.length === 0) return null
  return found.map(({ message, said }, at) => (
    <span key={at} className="block">
      <Told text={capital(message)} said={said} />
    </span>
  ))
}
