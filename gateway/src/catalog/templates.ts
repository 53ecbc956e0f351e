// Where a manifest may hold `${…}` (design.md §5) and which variables it names there: the one list of template places, pure.
import type { FieldFault, McpServerSpec } from '@mcphub/api'
import { checkTemplate, findVariables } from '../secrets/template.ts'
import type { ValuePlace } from '../secrets/template.ts'

export interface TemplateText {
  /** field of the spec, e.g. `remote.headers[0].value` */
  readonly field: string
  readonly place: ValuePlace
  readonly text: string
}

/** Every text of the spec that is expanded before a call or a start, in the order it stands in the schema. */
export function listTemplates(spec: McpServerSpec): TemplateText[] {
  const { remote, stdio } = spec
  return [
    ...(remote ? [{ field: 'remote.url', place: 'url' as const, text: remote.url }] : []),
    ...(remote?.headers ?? []).map((header, i) => ({
      field: `remote.headers[${i}].value`,
      place: 'header' as const,
      text: header.value,
    })),
    ...(stdio?.args ?? []).map((text, i) => ({ field: `stdio.args[${i}]`, place: 'args' as const, text })),
    ...(stdio?.env ?? []).map((entry, i) => ({
      field: `stdio.env[${i}].value`,
      place: 'env' as const,
      text: entry.value,
    })),
  ]
}

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
