// What a code of a record means, in a sentence.
import type { FaultCode } from '../../../lib/api/fault.ts'
import { useText } from '../../../lib/i18n/use-text.ts'

export function useCodeText(): (code: string) => string {
  const t = useText('activity')
  const tellFault = useText('errors')
  // records without a code say how the call ended; a code that is not known is shown as it is
  return (code) => (code === 'error' ? t('toolFailed') : tellFault(code as FaultCode))
}
