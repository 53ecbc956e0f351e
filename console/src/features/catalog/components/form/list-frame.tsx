// Around a list of a form: its name, its help and what is wrong with it as a whole.
import type { ReactNode } from 'react'
import type { FieldText } from '../../../../ui/field.tsx'
import { Icon } from '../../../../ui/icon.tsx'

export function ListFrame({ words, children }: { readonly words: FieldText; readonly children: ReactNode }) {
  const { label, help, fault } = words
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 font-medium">{label}</legend>
      {help && <p className="text-small text-muted">{help}</p>}
      {children}
      <RowFault fault={fault ?? null} />
    </fieldset>
  )
}

export function RowFault({ fault }: { readonly fault: ReactNode }) {
  if (fault === null) return null
  return (
    <p role="alert" className="flex items-start gap-1 text-small text-bad">
      <Icon name="alert" />
      <span>{fault}</span>
    </p>
  )
}
