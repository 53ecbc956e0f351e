// A one-time link, shown this once: whoever has it comes in as the person.
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFormat } from '../../../lib/use-format.ts'
import { CopyBlock } from '../../../ui/copy.tsx'

interface LinkShownProps {
  readonly link: string
  readonly expiresAt: string
}

export function LinkShown({ link, expiresAt }: LinkShownProps) {
  const t = useText('people')
  const format = useFormat()
  return (
    <div className="flex flex-col gap-3">
      <CopyBlock label={t('link.label')} text={link} />
      <p>{t('link.once', { time: format.time(expiresAt) })}</p>
      <p className="text-small text-muted">{t('link.keep')}</p>
    </div>
  )
}
