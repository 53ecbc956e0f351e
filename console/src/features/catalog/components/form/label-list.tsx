// Labels, each with its value: of a server, and those a group chooses its servers by. In the text a name stands once; one that is typed a second
// time is kept beside the text until it is another.
import { useState } from 'react'
import { useText } from '../../../../lib/i18n/use-text.ts'
import { Button } from '../../../../ui/button.tsx'
import type { ControlProps } from './field-control.tsx'
import { faultAt } from './fault-at.tsx'
import { ListFrame } from './list-frame.tsx'
import { isData, textAt, valueAt } from './manifest.ts'
import { PairRow } from './pair-row.tsx'

interface Refused {
  readonly index: number
  readonly name: string
}

export function LabelList({ field, words, adding, data, faults, edit, rename }: ControlProps) {
  const { path, isKept } = field
  const t = useText('catalog')
  const [refused, setRefused] = useState<Refused | null>(null)
  const value = valueAt(data, path)
  const labels = isData(value) ? value : {}
  // in the order they came: an object puts names that are numbers first, and a row would run away from whoever types in it
  const [order, setOrder] = useState<readonly string[]>([])
  const names = [
    ...order.filter((name) => Object.hasOwn(labels, name)),
    ...Object.keys(labels).filter((name) => !order.includes(name)),
  ]
  const change = (index: number, name: string): void => {
    const before = names[index]!
    const isTaken = name !== before && names.includes(name)
    setRefused(isTaken ? { index, name } : null)
    if (isTaken) return
    setOrder(names.with(index, name))
    rename([...path, before], name)
  }
  const add = (): void => {
    setOrder([...names, ''])
    edit([...path, ''], '')
  }
  const remove = (name: string): void => {
    setRefused(null)
    // what says that labels choose stays, also without any
    if (isKept === true && names.length === 1) edit(path, {})
    else edit([...path, name], undefined)
  }
  return (
    <ListFrame words={words}>
      {names.map((name, index) => {
        const wanted = refused?.index === index ? refused.name : null
        return (
          <PairRow
            key={index}
            label={words.label}
            number={index + 1}
            texts={{ name: wanted ?? name, value: textAt(labels, [name]) }}
            fault={faultAt(faults, [...path, name])}
            refusal={wanted === null ? null : t('labels.taken', { name })}
            onChange={(column, text) => (column === 'name' ? change(index, text) : edit([...path, name], text))}
            onRemove={() => remove(name)}
          />
        )
      })}
      <Button icon="plus" className="self-start" disabled={names.includes('')} onClick={add}>
        {adding}
      </Button>
    </ListFrame>
  )
}
