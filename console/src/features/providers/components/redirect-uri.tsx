// The address that is entered at the provider. It is of this provider alone, so it changes while the short name is typed.
import { useText } from '../../../lib/i18n/use-text.ts'
import { CopyBlock } from '../../../ui/copy.tsx'
import { isName } from './provider-draft.ts'

interface RedirectUriProps {
  /** with `:id` in the place of the short name */
  readonly template: string
  readonly id: string
}

export function RedirectUri({ template, id }: RedirectUriProps) {
  const t = useText('providers')
  if (!isName(id)) return <p className="text-muted">{t('redirectUriLater')}</p>
  return (
    <div className="flex flex-col gap-1">
      <CopyBlock text={template.replace(':id', id)} label={t('redirectUri')} />
      <p className="text-small text-muted">{t('redirectUriHelp')}</p>
    </div>
  )
}
