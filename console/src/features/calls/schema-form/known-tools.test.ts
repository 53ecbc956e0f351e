// R6-4: the form of every tool of well-known servers, by their recorded `tools/list` (test/kit/tool-lists). A place that falls back to
// JSON text is named here with its reason.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'
import { describe, expect, test } from 'vitest'
import { buildForm } from './build-form.ts'
import type { Field, Json, NumberField } from './field.ts'
import { openInput, startInput, type Input } from './input.ts'
import { readArguments } from './read-input.ts'

interface Recorded {
  readonly package: string
  readonly version: string
  readonly tools: readonly { readonly name: string; readonly inputSchema: object }[]
}

const FOLDER = path.join(import.meta.dirname, '../../../../../test/kit/tool-lists')
const LISTS = readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as Recorded)
const TOOLS = LISTS.flatMap((list) => list.tools.map((tool) => [list.package, tool.name, tool] as const))

/** Their schemas say of these that they take anything. */
const ANYTHING: Readonly<Record<string, readonly string[]>> = {
  'mcp-sequentialthinking-tools sequentialthinking_tools': [
    '/current_step/recommended_tools/0/suggested_inputs/* any',
    '/previous_steps/0/recommended_tools/0/suggested_inputs/* any',
  ],
}

const validator = new CfWorkerJsonSchemaValidator({ draft: '2020-12' })

test('every server of that list is recorded, with all its tools', () => {
  const counts = Object.fromEntries(LISTS.map((list) => [list.package, list.tools.length]))
  expect(counts).toEqual({
    '@modelcontextprotocol/server-everything': 17,
    '@modelcontextprotocol/server-filesystem': 14,
    '@modelcontextprotocol/server-memory': 9,
    '@modelcontextprotocol/server-sequential-thinking': 1,
    'mcp-sequentialthinking-tools': 1,
    '@playwright/mcp': 25,
    '@upstash/context7-mcp': 2,
    '@cyanheads/git-mcp-server': 28,
  })
})

describe.each(TOOLS)('R6-4: %s %s', (server, name, tool) => {
  const form = buildForm(tool.inputSchema)

  test('is a form all through', () => {
    expect(form.kind).toBe('group')
    expect(rawPlaces(form)).toEqual(ANYTHING[`${server} ${name}`] ?? [])
  })

  test('filled in with what its fields ask for, it is a call that its schema takes', () => {
    const { arguments: args, faults } = readArguments(form, fillIn(form))
    expect(faults).toEqual([])
    expect(validator.getValidator(tool.inputSchema)(args)).toMatchObject({ valid: true })
  })

  test('as it starts, it asks for nothing but what is required', () => {
    const { faults } = readArguments(form, startInput(form, true))
    for (const { code } of faults) expect(code).toBe('required')
  })
})

function rawPlaces(field: Field, at = ''): string[] {
  switch (field.kind) {
    case 'raw':
      return [`${at} ${field.reason}`]
    case 'group':
      return [
        ...field.members.map((one) => [one.name, one.field] as const),
        ...(field.extra ? [['*', field.extra] as const] : []),
      ].flatMap(([name, one]) => rawPlaces(one, `${at}/${name}`))
    case 'list':
      return [...field.first, ...(field.rest ? [field.rest] : [])].flatMap((one, place) =>
        rawPlaces(one, `${at}/${place}`),
      )
    case 'union':
      return field.options.flatMap((option, place) => rawPlaces(option.field, `${at}|${place}`))
    default:
      return []
  }
}

/** Every field, optional ones too. */
function fillIn(field: Field): Input {
  switch (field.kind) {
    case 'text':
      return {
        kind: 'text',
        text: textFor(field.format, field.examples[0] ?? 'x'.repeat(Math.max(1, field.minLength))),
      }
    case 'number':
      return { kind: 'text', text: String(numberFor(field)) }
    case 'choice':
      return { kind: 'choice', option: 0 }
    case 'group':
      return { kind: 'group', members: field.members.map((member) => fillIn(member.field)), more: [] }
    case 'list':
      return { kind: 'list', items: [...field.first, ...(field.rest ? [field.rest] : [])].map(fillIn) }
    case 'union':
      return { kind: 'union', option: 0, input: fillIn(field.options[0]!.field) }
    case 'raw':
      return { kind: 'raw', text: JSON.stringify({ any: 'thing' } satisfies Json) }
    default:
      return openInput(field)
  }
}

const BY_FORMAT: Readonly<Record<string, string>> = {
  uri: 'https://example.test/',
  email: 'a@example.test',
  'date-time': '2026-08-01T00:00:00Z',
  date: '2026-08-01',
}
const textFor = (format: string | null, otherwise: string): string => BY_FORMAT[format ?? ''] ?? otherwise

const numberFor = ({ minimum, above, multipleOf, maximum }: NumberField): number => {
  const least = minimum ?? (above === null ? 1 : above + (multipleOf ?? 1))
  return maximum !== null && least > maximum ? maximum : least
}
