// What every place of a form has: its path for faults, its name, and the ways to leave it out, to say null or to write JSON instead.
import { createContext, use, type ReactNode } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Menu, type MenuAct } from '../../../ui/menu.tsx'
import type { Field } from '../schema-form/field.ts'
import { EMPTY, type Input } from '../schema-form/input.ts'
import { showAsText, type Fault } from '../schema-form/read-input.ts'

export interface PlaceProps<F extends Field = Field> {
  readonly field: F
  readonly input: Input
  readonly onChange: (input: Input) => void
  readonly path: string
  readonly label: string
  readonly isRequired: boolean
}

export type FaultMap = ReadonlyMap<string, Fault>

/** What is wrong at which place; empty until somebody has tried to send it. */
export const Faults = createContext<FaultMap>(new Map())

export function useFaultAt(path: string): string | null {
  const t = useText('calls')
  const fault = use(Faults).get(path)
  return fault === undefined ? null : t(`wrong.${fault.code}`, { limit: fault.limit ?? '' })
}

/** Beside the name of a place: whether it may be left out, and the other ways to fill it in. */
export function PlaceNote(props: PlaceProps) {
  const t = useText('calls')
  const { isRequired, label } = props
  const acts = useActs(props)
  if (isRequired && acts.length === 0) return null
  return (
    <span className="inline-flex items-center gap-1 text-small font-normal text-muted">
      {!isRequired && t('optional')}
      {acts.length > 0 && <Menu isSmall label={t('moreFor', { name: label })} acts={acts} />}
    </span>
  )
}

function useActs({ field, input, onChange, isRequired }: PlaceProps): readonly MenuAct[] {
  const t = useText('calls')
  const acts: readonly (readonly [isPossible: boolean, label: string, next: () => Input])[] = [
    [!isRequired && input.kind !== 'empty', t('leaveOut'), () => EMPTY],
    [field.isNullable && input.kind !== 'null', t('sayNull'), () => ({ kind: 'null' })],
    [
      field.kind !== 'raw' && input.kind !== 'raw',
      t('asJson'),
      () => ({ kind: 'raw', text: showAsText(field, input) }),
    ],
  ]
  return acts
    .filter(([isPossible]) => isPossible)
    .map(([, label, next]) => ({ label, onChoose: () => onChange(next()) }))
}

interface BoxProps extends PlaceProps {
  readonly children?: ReactNode
}

/** A place that holds others: framed, named, with its help and its fault. */
export function Box(props: BoxProps) {
  const { field, label, path, children } = props
  const fault = useFaultAt(path)
  return (
    <fieldset className="flex min-w-0 flex-col gap-3 rounded-md border border-line p-3">
      <legend className="px-1 font-medium">
        <bdi>{label}</bdi> <PlaceNote {...props} />
      </legend>
      {field.help && <p className="text-small whitespace-pre-line text-muted">{field.help}</p>}
      {children}
      {fault && (
        <p role="alert" className="text-small text-bad">
          {fault}
        </p>
      )}
    </fieldset>
  )
}
