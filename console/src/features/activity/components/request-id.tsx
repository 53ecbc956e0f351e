// The id of a request: its end to be recognised (it begins with the time, alike in all of one minute), the whole to be copied and handed on.
import { useText } from '../../../lib/i18n/use-text.ts'
import { CopyButton } from '../../../ui/copy.tsx'

const SHOWN = 8

export function RequestId({ id }: { readonly id: string }) {
  const t = useText('activity')
  return (
    <span className="inline-flex items-center gap-1">
      <code className="text-small" title={id}>
        …{id.slice(-SHOWN)}
      </code>
      <CopyButton text={id} label={t('copyRequest', { id })} />
    </span>
  )
}
