// Which variables a manifest names where, and what is wrong with its templates. Pure.
import { findVariables, listTemplates } from '@mcphub/api'
import type { FieldFault, McpServerSpec, ValuePlace } from '@mcphub/api'
import { checkTemplate } from '../secrets/template.ts'

/** Variable → the places its value goes to; decides what the value may look like (`checkValueFor`). */
export function variablePlaces(spec: McpServerSpec): ReadonlyMap<string, ReadonlySet<ValuePlace>> {
  const places = new Map<string, Set<ValuePlace>>()
  for (const { place, text } of listTemplates(spec)) {
    for (const name of findVariables(text)) {
      const known = places.get(name)
      if (known) known.add(place)
      else places.set(name, new Set([place]))
    }
  }
  return places
}

/** References that could never resolve, and variables where none may stand. Fields are relative to the spec. */
export function checkTemplates(spec: McpServerSpec): FieldFault[] {
  const allowInUrl = spec.remote?.allowInUrl ?? false
  const texts = listTemplates(spec).flatMap(({ field, place, text }) => {
    const message =
      checkTemplate(text, { workdir: place === 'args' || place === 'env' }) ?? checkUrl(place, text, allowInUrl)
    return message === null ? [] : [{ field, message }]
  })
  const commands = (spec.stdio?.command ?? []).flatMap((text, i) =>
    text.includes('${')
      ? [{ field: `stdio.command[${i}]`, message: 'no variable can stand in the command; use args' }]
      : [],
  )
  return [...texts, ...commands]
}

function checkUrl(place: ValuePlace, text: string, allowInUrl: boolean): string | null {
  if (place !== 'url' || allowInUrl || findVariables(text).length === 0) return null
  return 'a variable in the URL must be allowed with remote.allowInUrl: true'
}
