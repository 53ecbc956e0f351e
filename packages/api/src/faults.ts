// zod's issues as field faults for people: where it is, what is wrong, what to do. Never the offending value (it may be a secret).
import type { z } from 'zod'
import type { FieldFault } from './errors.ts'

type Issue = z.core.$ZodIssue

/** `spec.stdio.args[0]`; the root is `(body)`. A segment longer than any real name is cut: it is client text. */
export function fieldPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`
    else text += (text ? '.' : '') + cut(String(segment))
  }
  return text || '(root)'
}

function cut(segment: string): string {
  return segment.length > 64 ? `${segment.slice(0, 61)}…` : segment
}

/** All faults, in the order found; at most `max` of them so that a hostile body cannot make a huge answer. */
export function presentFaults(error: z.ZodError, max = 50): FieldFault[] {
  return error.issues.flatMap(presentIssue).slice(0, max)
}

function presentIssue(issue: Issue): FieldFault[] {
  const field = fieldPath(issue.path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: fieldPath([...issue.path, key]),
      message: 'Unknown field; remove it or check its spelling',
    }))
  }
  return [{ field, message: messageOf(issue) }]
}

/** A schema's own words win; zod's default ones are put so that they say the fix. */
function messageOf(issue: Issue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? 'Not a valid name'
  return isDefault(issue.message) ? reworded(issue) : issue.message
}

const isDefault = (message: string): boolean => /^(Invalid|Too (small|big)|Unrecognized)/.test(message)

function reworded(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `${issue.message.endsWith('received undefined') ? 'Required: give' : 'Give'} ${withArticle(issue.expected)}`
    case 'invalid_value':
      return `Give one of: ${issue.values.map(String).join(', ')}`
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'Not in the expected form'
    case 'too_small':
      return sizeMessage(issue.origin, 'at least', Number(issue.minimum))
    case 'too_big':
      return sizeMessage(issue.origin, 'at most', Number(issue.maximum))
    default:
      return 'Not a valid value'
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'Give an id (a uuid) as the lists show it',
  datetime: 'Give a time such as 2026-12-31T23:59:59Z',
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function withArticle(expected: string): string {
  return TYPES[expected] ?? `a value of type ${expected}`
}

function sizeMessage(origin: string, bound: string, size: number): string {
  const noun = origin === 'string' ? 'character' : origin === 'array' || origin === 'set' ? 'entry' : null
  if (!noun) return `Give ${bound} ${size}`
  const plural = noun === 'entry' ? 'entries' : 'characters'
  return `Give ${bound} ${size} ${size === 1 ? noun : plural}`
}
