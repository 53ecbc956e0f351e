// One typed field of a provider, with what the hub has against it in the reader's language.
import { useText } from '../../../lib/i18n/use-text.ts'
import { useFieldFault } from '../../../ui/fault.tsx'
import { TextField } from '../../../ui/field.tsx'
import { hasFault, type Draft, type TextName } from './provider-draft.ts'

export interface DraftProps {
  readonly draft: Draft
  readonly error: unknown
  readonly onChange: (changed: Partial<Draft>) => void
}

interface DraftFieldProps extends DraftProps {
  readonly name: TextName
  readonly label: string
  readonly help?: string
  readonly placeholder?: string
  readonly required?: boolean
  readonly isSecret?: boolean
}

export function DraftField({ draft, error, onChange, name, label, help, isSecret = false, ...rest }: DraftFieldProps) {
  const t = useText('providers')
  const fieldFault = useFieldFault()
  const otherwise = t(`wrong.${name}`)
  // one of a list is told as the list
  const fault = fieldFault(error, name, otherwise) ?? (hasFault(error, name) ? otherwise : null)
  return (
    <TextField
      {...rest}
      {...{ label, help, fault }}
      {...(isSecret ? { type: 'password' } : {})}
      value={draft[name]}
      onChange={(value) => onChange({ [name]: value })}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
    />
  )
}
