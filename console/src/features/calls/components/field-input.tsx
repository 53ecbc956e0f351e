// Any place of a form: by what its field is, and by what stands there now.
import { createElement } from 'react'
import { useText } from '../../../lib/i18n/use-text.ts'
import { Button } from '../../../ui/button.tsx'
import type { GroupField, ListField, UnionField } from '../schema-form/field.ts'
import { placeOf } from '../schema-form/fits.ts'
import { chooseOption, EMPTY, openInput, startInput, type Input, type NamedInput } from '../schema-form/input.ts'
import { below } from '../schema-form/read-input.ts'
import { ListRow } from './list-row.tsx'
import { Box, type PlaceProps } from './place.tsx'
import { choosePlace, type Places } from './places.ts'
import { ChoiceInput, FixedInput, FlagInput, NumberInput, RawInput, TextInput } from './scalar-inputs.tsx'
import { SelectField } from '../../../ui/select.tsx'
import { TextField } from '../../../ui/field.tsx'

export function FieldInput(props: PlaceProps) {
  const { field, input } = props
  if (input.kind === 'raw' || field.kind === 'raw') return <RawInput {...props} />
  if (input.kind === 'null') return <NullInput {...props} />
  return createElement(choosePlace(PLACES, field.kind), props)
}

const PLACES: Places = {
  text: TextInput,
  number: NumberInput,
  flag: FlagInput,
  choice: ChoiceInput,
  fixed: FixedInput,
  group: GroupInput,
  list: ListInput,
  union: UnionInput,
}

function NullInput(props: PlaceProps) {
  const t = useText('calls')
  const { field, label, onChange } = props
  return (
    <Box {...props}>
      <p>
        <code>{JSON.stringify(null)}</code>
      </p>
      <div>
        <Button aria-label={`${t('giveValue')}: ${label}`} onClick={() => onChange(openInput(field))}>
          {t('giveValue')}
        </Button>
      </div>
    </Box>
  )
}

/** What may be left out is, until somebody wants it. */
function Closed(props: PlaceProps) {
  const t = useText('calls')
  const { field, label, onChange } = props
  return (
    <Box {...props}>
      <div>
        <Button icon="plus" aria-label={`${t('add')}: ${label}`} onClick={() => onChange(openInput(field))}>
          {t('add')}
        </Button>
      </div>
    </Box>
  )
}

const replaced = <T,>(all: readonly T[], at: number, one: T): readonly T[] => all.with(at, one)
const without = <T,>(all: readonly T[], at: number): readonly T[] => all.toSpliced(at, 1)

export function GroupInput(props: PlaceProps<GroupField>) {
  const { input } = props
  if (input.kind !== 'group') return <Closed {...props} />
  return (
    <Box {...props}>
      <Members {...props} input={input} />
    </Box>
  )
}

interface MembersProps extends PlaceProps<GroupField> {
  readonly input: Input & { readonly kind: 'group' }
}

/** Without a frame: for the form as a whole. */
export function Members({ field, input, onChange, path }: MembersProps) {
  const t = useText('calls')
  const changeMore = (more: readonly NamedInput[]): void => onChange({ ...input, more })
  return (
    <>
      {field.members.map((member, at) => (
        <FieldInput
          key={member.name}
          field={member.field}
          input={input.members[at] ?? EMPTY}
          onChange={(next) => onChange({ ...input, members: replaced(input.members, at, next) })}
          path={below({ path }, member.name)}
          label={member.field.title ?? member.name}
          isRequired={member.isRequired}
        />
      ))}
      {field.extra !== null &&
        input.more.map(({ name, input: own }, at) => (
          <ListRow
            key={at}
            label={name || t('member', { n: at + 1 })}
            onRemove={() => changeMore(without(input.more, at))}
          >
            <TextField
              label={t('memberName')}
              value={name}
              autoComplete="off"
              onChange={(next) => changeMore(replaced(input.more, at, { name: next, input: own }))}
            />
            <FieldInput
              field={field.extra!}
              input={own}
              onChange={(next) => changeMore(replaced(input.more, at, { name, input: next }))}
              path={`${path}/+${at}`}
              label={t('memberValue')}
              isRequired
            />
          </ListRow>
        ))}
      {field.extra !== null && (
        <div>
          <Button
            icon="plus"
            onClick={() => changeMore([...input.more, { name: '', input: startInput(field.extra!, true) }])}
          >
            {t('addMember')}
          </Button>
        </div>
      )}
    </>
  )
}

function ListInput(props: PlaceProps<ListField>) {
  const t = useText('calls')
  const { field, input, onChange, path, label } = props
  if (input.kind !== 'list') return <Closed {...props} />
  const { items } = input
  const change = (next: readonly Input[]): void => onChange({ kind: 'list', items: next })
  const next = placeOf(field, items.length)
  const isFull = field.maxItems !== null && items.length >= field.maxItems
  return (
    <Box {...props}>
      {items.map((item, at) => {
        const place = placeOf(field, at)
        if (place === null) return null
        const name = place.title ?? t('item', { n: at + 1 })
        return (
          <ListRow key={at} label={name} onRemove={() => change(without(items, at))}>
            <FieldInput
              field={place}
              input={item}
              onChange={(changed) => change(replaced(items, at, changed))}
              path={below({ path }, String(at))}
              label={name}
              isRequired
            />
          </ListRow>
        )
      })}
      {next !== null && !isFull && (
        <div>
          <Button
            icon="plus"
            aria-label={`${t('addItem')}: ${label}`}
            onClick={() => change([...items, startInput(next, true)])}
          >
            {t('addItem')}
          </Button>
        </div>
      )}
    </Box>
  )
}

function UnionInput(props: PlaceProps<UnionField>) {
  const t = useText('calls')
  const { field, input, onChange, path, label } = props
  if (input.kind !== 'union') return <Closed {...props} />
  const chosen = field.options[input.option]
  const options = field.options.map((option, at) => ({
    value: String(at),
    label: option.label ?? (option.type === null ? t('alternative', { n: at + 1 }) : t(`type.${option.type}`)),
  }))
  return (
    // what is wrong is told at what was chosen
    <Box {...props} path={`${path}|`}>
      <SelectField
        label={t('kind', { name: label })}
        value={String(input.option)}
        options={options}
        onChange={(option) => onChange(chooseOption(field, Number(option)))}
      />
      {chosen !== undefined && (
        <FieldInput
          key={input.option}
          field={chosen.field}
          input={input.input}
          onChange={(next) => onChange({ ...input, input: next })}
          path={path}
          label={options[input.option]?.label ?? label}
          isRequired
        />
      )}
    </Box>
  )
}
