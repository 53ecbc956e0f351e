// Gives a variable of the organisation its value, for the first time or anew. What is typed is forgotten with the dialog.
import { useId, useState, type ReactNode, type SubmitEvent } from 'react'
import { useChange } from '../../../lib/api/query.ts'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Fault, faultOf } from '../../../ui/fault.tsx'
import { TextAreaField, TextField } from '../../../ui/field.tsx'
import { Switch } from '../../../ui/switch.tsx'
import { toast } from '../../../ui/toast.tsx'

/** As manifests may name one. */
const NAME = /^ORG_[A-Z][A-Z0-9_]{0,59}$/

interface SetVariableProps {
  /** null: it is typed, too */
  readonly name: string | null
  readonly isSet: boolean
  readonly onClose: () => void
}

export function SetVariable({ name: given, isSet, onClose }: SetVariableProps) {
  const t = useText('org-variables')
  const tell = useText('common')
  const form = useId()
  const [typed, setTyped] = useState('')
  const [value, setValue] = useState('')
  const name = given ?? typed.trim()
  const save = useChange('setOrgVariables', {
    renews: ['variables', 'servers', 'tools'],
    onDone: () => {
      toast(t('saved'))
      onClose()
    },
  })
  const send = (event: SubmitEvent): void => {
    event.preventDefault()
    save.mutate({ body: { variables: { [name]: value } } })
  }
  const faults = readFaults(save.error, name)
  const title = isSet ? t('replaceNamed', { name }) : t('setNamed', { name })
  return (
    <Dialog
      title={given === null ? t('addTitle') : title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{tell('cancel')}</Button>
          <Button type="submit" form={form} kind="primary" busy={save.isPending}>
            {t('save')}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={send} className="flex flex-col gap-4">
        {given === null && (
          <TextField
            label={t('name')}
            help={t('nameHelp')}
            fault={faults.isBadName ? t('badName') : null}
            value={typed}
            onChange={setTyped}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            className="font-mono"
            required
          />
        )}
        <ValueField value={value} onChange={setValue} said={faults.ofValue} />
        {faults.other !== null && <Fault error={faults.other} />}
      </form>
    </Dialog>
  )
}

/** Where each fault stands: at the name, at the value, or below both. */
function readFaults(error: unknown, name: string) {
  if (error === null) return { isBadName: false, ofValue: null, other: null }
  if (!NAME.test(name)) return { isBadName: true, ofValue: null, other: null }
  const ofValue = faultOf(error, name)
  return { isBadName: false, ofValue, other: ofValue === null ? error : null }
}

interface ValueFieldProps {
  readonly value: string
  readonly onChange: (value: string) => void
  /** what the hub has against it; null: nothing */
  readonly said: ReactNode
}

function ValueField({ value, onChange, said }: ValueFieldProps) {
  const t = useText('org-variables')
  const [isText, setText] = useState(false)
  const refused = (
    <>
      {t('refused')} {said}
    </>
  )
  const field = {
    ...{ label: t('value'), help: t('valueHelp'), fault: said === null ? null : refused },
    ...{ value, onChange, autoComplete: 'off', spellCheck: false, required: true },
  }
  return (
    <>
      {isText ? <TextAreaField {...field} /> : <TextField {...field} type="password" />}
      <Switch label={t('lines')} help={t('linesHelp')} isOn={isText} onChange={setText} />
    </>
  )
}
