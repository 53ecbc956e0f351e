// Why one was not let in, in one sentence: what is said of a wrong name is what is said of a wrong password.
import { ApiFault } from '../../../lib/api/fault.ts'
import { useFaultText } from '../../../ui/fault.tsx'
import { Icon } from '../../../ui/icon.tsx'

export function DoorFault({ error }: { readonly error: unknown }) {
  const tell = useFaultText()
  // faults of single fields stand there
  if (error === null || (error instanceof ApiFault && error.faults.length > 0)) return null
  return (
    <p role="alert" className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2 text-bad">
      <Icon name="alert" />
      <span>{tell(error)}</span>
    </p>
  )
}
