// `${USER_X}` and `${ORG_X}` in a manifest's text: pure. One pass, only the names it is given, nothing recursive, no other
// variables; what a value may look like depends on where it goes, and no text made here ever holds a value.
import { LIMITS, VARIABLE_REFERENCE, findVariables, type ValuePlace } from '@mcphub/api'
import { Secret } from './secret.ts'

/** Replaced by the sandbox adapter, which alone knows the folder; left alone here. */
const WORKDIR = /\$\{WORKDIR\}/g

/**
 * Why this text cannot be a template, or null. Found when the manifest is loaded, so that no literal `${…}` ever reaches a server:
 * any `${` that is not a known reference is a fault (`${PATH}`, `${USER_lower}`, `${USER_${USER_A}}`).
 */
export function checkTemplate(text: string, allow: { readonly workdir: boolean }): string | null {
  const rest = text.replace(VARIABLE_REFERENCE, '')
  const left = allow.workdir ? rest.replace(WORKDIR, '') : rest
  const at = left.indexOf('${')
  if (at < 0) return null
  const shown = left.slice(at, at + 40).replace(/[^ -~]/g, '?')
  const known = allow.workdir ? '${USER_…}, ${ORG_…} and ${WORKDIR}' : '${USER_…} and ${ORG_…}'
  return `"${shown}" is not a variable of the hub; only ${known} can stand here`
}

/**
 * The text with every reference replaced; a Secret as soon as one value went in. `null`: it names a variable without a value, so the header,
 * argument or env entry is left out (an optional variable; a required one was refused before). A literal `${USER_X}` never comes out.
 */
export function expandTemplate(text: string, values: ReadonlyMap<string, Secret>): string | Secret | null {
  return expand(text, values, (value) => value)
}

/** As `expandTemplate`, each value percent-encoded as one URL component: it can end no segment, name no host part of its own, add no query. */
export function expandUrl(text: string, values: ReadonlyMap<string, Secret>): string | Secret | null {
  return expand(text, values, encodeURIComponent)
}

function expand(
  text: string,
  values: ReadonlyMap<string, Secret>,
  encode: (value: string) => string,
): string | Secret | null {
  const names = findVariables(text)
  if (names.length === 0) return text
  if (names.some((name) => !values.has(name))) return null
  return new Secret(text.replace(VARIABLE_REFERENCE, (_, name: string) => encode(values.get(name)!.reveal())))
}

/** Not printable anywhere: controls, lone surrogates, unassigned code points, line and paragraph separators, the byte order mark. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\uFEFF]/u
const NOT_ASCII = /[^ -~]/
const EDGE_SPACE = /^\s|\s$/u
/** Text may begin and end with a line break (a PEM file does), not with a space or tab. */
const EDGE_BLANK = /^[^\S\r\n]|[^\S\r\n]$/u

/**
 * Why a value cannot go to this place, or null. Checked on save and again before use. `Text` allows line breaks and tabs, in env alone.
 * The reason never holds the value.
 */
export function checkValueFor(place: ValuePlace, value: string, format: 'Line' | 'Text' = 'Line'): string | null {
  const checks =
    format === 'Text' && place === 'env' ? [...ANY, ...TEXT] : [...ANY, ...LINE, ...(AT_PLACE[place] ?? [])]
  return checks.find(([isBad]) => isBad(value))?.[1] ?? null
}

type ValueCheck = readonly [isBad: (value: string) => boolean, reason: string]

const ANY: readonly ValueCheck[] = [
  [(value) => value === '', 'the value is empty'],
  [
    (value) => Buffer.byteLength(value) > LIMITS.variableBytes,
    `the value is longer than ${LIMITS.variableBytes} bytes`,
  ],
  [(value) => value.includes('\0'), 'the value holds a NUL character'],
]
const LINE: readonly ValueCheck[] = [
  [(value) => /[\r\n]/.test(value), 'the value holds a line break'],
  [(value) => EDGE_SPACE.test(value), 'the value begins or ends with a space'],
  [(value) => UNPRINTABLE.test(value), 'the value holds a character that cannot be printed'],
]
const TEXT: readonly ValueCheck[] = [
  [(value) => EDGE_BLANK.test(value), 'the value begins or ends with a space'],
  [(value) => UNPRINTABLE.test(value.replace(/\r?\n|\t/g, '')), 'the value holds a character that cannot be printed'],
]
const AT_PLACE: Partial<Record<ValuePlace, readonly ValueCheck[]>> = {
  header: [[(value) => NOT_ASCII.test(value), 'the value goes into a header: only printable ASCII is possible']],
  url: [[(value) => /^\.+$/.test(value), 'the value goes into a URL: dots alone would change its path']],
}
