// Which component shows a place, by the kind of its field.
import type { ComponentType } from 'react'
import type { Field } from '../schema-form/field.ts'
import type { PlaceProps } from './place.tsx'

type Kind = Exclude<Field['kind'], 'raw'>

/** Each takes the field of its kind. */
export type Places = { readonly [K in Kind]: ComponentType<PlaceProps<Field & { readonly kind: K }>> }

export const choosePlace = (places: Places, kind: Kind): ComponentType<PlaceProps> =>
  places[kind] as ComponentType<PlaceProps>
