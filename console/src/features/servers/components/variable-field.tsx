// One value of a person: typed, saved, forgotten here, and checked at once by the servers that can. What was saved never comes back.
import type { RouteResponse } from '@mcphub/api'
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { Fault, faultOf } from '../../../ui/fault.tsx'
import { TextAreaField, TextField } from '../../../ui/field.tsx'
import { LinkedText } from '../../../ui/linked-text.tsx'
import { toast } from '../../../ui/toast.tsx'
import { RemoveValue } from './remove-value.tsx'
import type { ServerDetail } from './server-state.tsx'
import { Verification, type Use } from './verification.tsx'

type Saved = RouteResponse<'listUserVariables'>['items'][number]
type Variable = ServerDetail['userVariables'][number]

interface VariableFieldProps {
  readonly variable: Variable
  /** which it is given to here */
  readonly server: ServerDetail
  readonly saved: Saved | null
  /** a link led here for this value: one types at once */
  readonly isWanted: boolean
}

export function VariableField({ variable, server, saved, isWanted }: VariableFieldProps) {
  const t = useText('servers')
  const { name } = variable
  const label = variable.label ?? name
  const [value, setValue] = useState('')
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (isWanted) form.current?.querySelector<HTMLElement>('input, textarea')?.focus()
  }, [isWanted])
  const verify = useChange('verifyVariable')
  const { save, fault } = useSaving(name, () => {
    setValue('')
    toast(t('values.saved'))
    verify.mutate({ params: { name } })
  })
  const send = (event: FormEvent): void => {
    event.preventDefault()
    if (value !== '') save.mutate({ body: { variables: { [name]: value } } })
  }
  return (
    <form ref={form} noValidate onSubmit={send} className="flex flex-col gap-2">
      <ValueInput {...{ variable, label, saved, fault, value }} onChange={setValue} />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" kind="primary" busy={save.isPending} disabled={value === ''}>
          {t('values.save')}
        </Button>
        {saved !== null && (
          <>
            <Button busy={verify.isPending} onClick={() => verify.mutate({ params: { name } })}>
              {t('values.check')}
            </Button>
            <RemoveValue name={name} label={label} onDone={verify.reset} />
          </>
        )}
      </div>
      {save.error !== null && fault === null && <Fault error={save.error} />}
      <Verification state={verify} otherwise={tellUse(server, saved)} />
    </form>
  )
}

/** What is known of a value that no server has a check for: how its server has done since it was saved. */
function tellUse({ status, discoveredAt }: ServerDetail, saved: Saved | null): Use {
  if (status === 'Failed') return 'refusedNow'
  const isNewer = saved !== null && discoveredAt !== null && Date.parse(discoveredAt) >= Date.parse(saved.updatedAt)
  return status === 'Ready' && isNewer ? 'answered' : 'none'
}

function useSaving(name: string, onDone: () => void) {
  const save = useChange('setUserVariables', { renews: ['variables', 'servers', 'tools'], onDone })
  const { isSuccess, reset } = save
  // what was sent is forgotten with it
  useEffect(() => {
    if (isSuccess) reset()
  }, [isSuccess, reset])
  return { save, fault: faultOf(save.error, name) }
}

interface ValueInputProps extends Pick<VariableFieldProps, 'variable' | 'saved'> {
  readonly label: string
  readonly fault: ReactNode
  readonly value: string
  readonly onChange: (value: string) => void
}

function ValueInput({ variable, saved, ...rest }: ValueInputProps) {
  const t = useText('servers')
  const { help, secret, format, required } = variable
  const missing = required ? t('values.missing') : t('values.optional')
  const note = saved === null ? missing : t('values.stored', { masked: saved.masked })
  const words = { ...rest, help: help && <LinkedText text={help} />, note, autoComplete: 'off', spellCheck: false }
  return format === 'Text' ? <TextAreaField {...words} /> : <TextField {...words} type={secret ? 'password' : 'text'} />
}
