// The form of one tool: fields or the JSON text of all of it, and the button that sends it. Faults are shown from the first try on.
import { useMemo, useState, type FormEvent } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import type { Field } from '../schema-form/field.ts'
import { startInput, type Input } from '../schema-form/input.ts'
import { readArguments, showAsText, type Arguments } from '../schema-form/read-input.ts'
import { FieldInput, Members } from './field-input.tsx'
import { Faults, type FaultMap } from './place.tsx'

interface ToolFormProps {
  readonly form: Field
  readonly isRunning: boolean
  readonly onSend: (args: Arguments) => void
  readonly onCancel: () => void
}

const NONE: FaultMap = new Map()

export function ToolForm({ form, isRunning, onSend, onCancel }: ToolFormProps) {
  const t = useText('calls')
  const [input, setInput] = useState(() => startInput(form, true))
  const [wasTried, setTried] = useState(false)
  const { arguments: args, faults } = useMemo(() => readArguments(form, input), [form, input])
  const shown = useMemo(
    () => (wasTried ? new Map(faults.map((fault) => [fault.path, fault])) : NONE),
    [wasTried, faults],
  )
  const send = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (faults.length === 0) onSend(args)
  }
  return (
    <form noValidate onSubmit={send} className="flex max-w-3xl flex-col gap-4">
      <Faults value={shown}>
        <Whole form={form} input={input} onChange={setInput} />
      </Faults>
      {wasTried && faults.length > 0 && (
        <p role="alert" className="text-bad">
          {t('faults', { count: faults.length })}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" kind="primary" busy={isRunning}>
          {t('run')}
        </Button>
        {isRunning && <Button onClick={onCancel}>{t('cancel')}</Button>}
        <WholeAct form={form} input={input} onChange={setInput} />
      </div>
    </form>
  )
}

interface WholeProps {
  readonly form: Field
  readonly input: Input
  readonly onChange: (input: Input) => void
}

/** The outermost place needs no frame and no name. */
function Whole({ form, input, onChange }: WholeProps) {
  const t = useText('calls')
  if (form.kind === 'group' && input.kind === 'group') {
    const isBare = form.members.length === 0 && form.extra === null
    return isBare ? (
      <p className="text-muted">{t('noArguments')}</p>
    ) : (
      <Members field={form} input={input} onChange={onChange} path="" label={t('arguments')} isRequired />
    )
  }
  return <FieldInput field={form} input={input} onChange={onChange} path="" label={t('arguments')} isRequired />
}

function WholeAct({ form, input, onChange }: WholeProps) {
  const t = useText('calls')
  if (input.kind !== 'group') return null
  return (
    <Button kind="quiet" onClick={() => onChange({ kind: 'raw', text: showAsText(form, input) || '{}' })}>
      {t('allAsJson')}
    </Button>
  )
}
