// A password one makes up oneself: hidden, and shown to who wants to see that it is what they meant.
import { useState } from 'react'
import { useText } from '../lib/i18n/use-text.ts'
import { TextField, type FieldText } from './field.tsx'

interface PasswordFieldProps extends Omit<FieldText, 'note'> {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly required?: boolean
}

export function NewPasswordField(props: PasswordFieldProps) {
  const t = useText('common')
  const [isShown, setShown] = useState(false)
  const note = (
    <button
      type="button"
      aria-label={t('password.showLabel')}
      aria-pressed={isShown}
      onClick={() => setShown(!isShown)}
      className="min-h-6 rounded-md px-1 text-accent hover:underline"
    >
      {isShown ? t('password.hide') : t('password.show')}
    </button>
  )
  return (
    <TextField
      {...props}
      note={note}
      type={isShown ? 'text' : 'password'}
      autoComplete="new-password"
      autoCapitalize="none"
      spellCheck={false}
    />
  )
}
