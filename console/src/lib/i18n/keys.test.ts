// Both languages say the same things, and nothing is said that is nowhere shown. Read from the sources, as they are written.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_FACES, EXPLAIN_CAUSES, LOGIN_FAULTS, REASONS, ROUTE_LIST, SENTENCES } from '@mcphub/api'
import { expect, test } from 'vitest'

const SRC = join(import.meta.dirname, '../..')
const LOCALES = join(SRC, 'locales')

type Dictionary = Readonly<Record<string, string>>

/** Keys that are put together from a code: t(`status.${status}`). Whole files where every key is a code. */
const BY_CODE = [
  'nav.',
  'status.',
  'reason.',
  'raw.',
  'type.',
  'wrong.',
  'runs.',
  'check.',
  'fix.',
  'seen.',
  'mend.',
  'role.',
  'mayDo.',
  'method.',
  'theme.',
  'state.',
  'bar.',
  'login.',
  'kind.',
  'outcome.',
  'via.',
  'means.',
  'span.',
  'warning.',
  'code.',
  'editor.',
  'field.',
  'help.',
  'choice.',
  'section.',
  'column.',
  'variable.',
  'unreadable.',
  'readOnly.',
  'conflict.',
  'template.',
  'note.',
  'import.',
  'add.',
]
const FILES_BY_CODE = ['actions', 'causes', 'errors', 'said']
/** Korean writes these as they are. */
const NAMES =
  /\b(MCPHub|Streamable HTTP|HTTP\+SSE|MCP|API|JSON|YAML|CSV|JSONL|URL|ID|Ctrl-[A-Z]|Cursor|VS Code|Claude( Code| Desktop)?|GitHub|OpenID Connect|Keycloak|Entra ID|Google|Okta|Helm|Argo CD|Flux|Kubernetes|UserGroup|McpServer|SDK|npm|HTTP|HTTPS|Node|PostgreSQL|SHA-256|ms|stderr|PyPI|OAuth|USER_X|USER_|ORG_X|WORKDIR|rbac|writeCatalog|gvisor|256Mi|1Gi|ORG_)\b/g

const namespaces = readdirSync(join(LOCALES, 'en')).map((file) => file.replace('.json', ''))
const read = (language: string, namespace: string): Dictionary =>
  JSON.parse(readFileSync(join(LOCALES, language, `${namespace}.json`), 'utf8')) as Dictionary

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
  .map((file) => ({ file, code: readFileSync(join(SRC, file), 'utf8') }))
const allCode = sources.map(({ code }) => code).join('\n')
const HUB = ['packages/api/src', 'gateway/src'].map((folder) => join(SRC, '../..', folder))
const hubCode = HUB.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8')),
).join('\n')

const baseOf = (key: string): string => key.replace(/_(one|other)$/, '')
const bases = (words: Dictionary): readonly string[] => [...new Set(Object.keys(words).map(baseOf))].sort()
const placeholders = (text: string): string => [...new Set(text.match(/\{\w+\}/g))].sort().join(' ')

test('both languages have the same files', () => {
  expect(readdirSync(join(LOCALES, 'ko')).sort()).toEqual(readdirSync(join(LOCALES, 'en')).sort())
})

test.each(namespaces)('R6-8: %s: no key is missing in either language, and plurals are complete', (namespace) => {
  const [en, ko] = [read('en', namespace), read('ko', namespace)]
  expect(bases(ko)).toEqual(bases(en))
  const plurals = (words: Dictionary, form: string) => Object.keys(words).filter((key) => key.endsWith(form))
  // English has two forms, Korean one
  expect(plurals(en, '_one').map(baseOf)).toEqual(plurals(en, '_other').map(baseOf))
  expect(plurals(ko, '_one')).toEqual([])
  expect(plurals(ko, '_other').map(baseOf).sort()).toEqual(plurals(en, '_other').map(baseOf).sort())
  expect([...Object.values(en), ...Object.values(ko)].filter((text) => text.trim() === '')).toEqual([])
})

test.each(namespaces)('R6-8: %s: both languages fill in the same', (namespace) => {
  const [en, ko] = [read('en', namespace), read('ko', namespace)]
  const differing = bases(en).filter((key) => {
    const of = (words: Dictionary) => placeholders(words[`${key}_other`] ?? words[key] ?? '')
    return of(en) !== of(ko)
  })
  expect(differing).toEqual([])
})

test.each(namespaces)('R6-8: %s: Korean is Korean', (namespace) => {
  const left = Object.entries(read('ko', namespace)).filter(([key, text]) => {
    // says "English" to who reads no Korean
    if (key === 'otherLanguage') return false
    // what stands in code is written as it is
    const rest = text
      .replace(/`[^`]*`/g, '')
      .replace(/\{\w+\}/g, '')
      .replace(NAMES, '')
    return /[A-Za-z]{2,}/.test(rest)
  })
  expect(left).toEqual([])
})

test.each(namespaces.filter((one) => !FILES_BY_CODE.includes(one)))('R6-8: %s: no key is unused', (namespace) => {
  // where its words are asked for
  const own = sources.filter(({ code }) => code.includes(`'${namespace}'`)).map(({ code }) => code)
  const isUsed = (key: string): boolean => own.some((code) => code.includes(`'${key}'`)) || isOfCode(key)
  expect(bases(read('en', namespace)).filter((key) => !isUsed(key))).toEqual([])
})

/** Of those that are put together, the code must be one that is written somewhere: by the pages, or by the hub. */
function isOfCode(key: string): boolean {
  if (!BY_CODE.some((prefix) => key.startsWith(prefix))) return false
  const code = key.slice(key.indexOf('.') + 1)
  return new RegExp(`(?<![\\w-])${code.replace(/[^\w-]/g, '\\$&')}(?![\\w-])`).test(allCode + hubCode)
}

test('R6-8: every code an error or a cause may have is said', () => {
  const reasons = REASONS.map((reason) => `reason.${reason}`)
  const faults = LOGIN_FAULTS.map((fault) => `login.${fault}`)
  expect(bases(read('en', 'errors'))).toEqual(
    [...Object.keys(ERROR_FACES), 'unreachable', 'unreadable', ...reasons, ...faults].sort(),
  )
  expect(Object.keys(read('en', 'causes')).sort()).toEqual([...EXPLAIN_CAUSES].sort())
})

test('R6-8: every sentence of the hub that has a code is said, in English as the hub says it', () => {
  expect(read('en', 'said')).toEqual(SENTENCES)
})

test('R6-8: every change that leaves a record is said', () => {
  const changes = ROUTE_LIST.filter(({ method }) => method !== 'GET').map(({ id }) => id)
  const told = Object.keys(read('en', 'actions')).filter((key) => !key.startsWith('hub.'))
  expect(told.sort()).toEqual(changes.sort())
})

test('R6-8: keys that are put together begin as the list above says', () => {
  const made = [...allCode.matchAll(/\bt\(`([^`$]*)\$\{/g)].map((match) => match[1]!)
  expect(made.length).toBeGreaterThan(0)
  expect(made.filter((prefix) => !BY_CODE.includes(prefix))).toEqual([])
})

/** Letters between two tags, or in an attribute that is read out, are words in one language only. */
test('R6-8: no page has words of its own', () => {
  const found = sources
    .filter(({ file }) => file.endsWith('.tsx'))
    .flatMap(({ file, code }) => {
      const bare = code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
      const between = [...bare.matchAll(/<\/?\w[^<>]*>\s*([^<>{}()=;]*\p{L}{2,}[^<>{}()=;]*)</gu)].map((m) =>
        m[1]!.trim(),
      )
      const attributes = [
        ...bare.matchAll(/\b(?:label|title|aria-label|placeholder|alt|lead|help)="([^"]*\p{L}[^"]*)"/gu),
      ]
      return (
        [...between, ...attributes.map((m) => m[1]!)]
          // a branch that returns the next element is no word
          .filter((text) => text !== 'MCPHub' && !/\breturn$/.test(text))
          .map((text) => `${file}: ${text}`)
      )
    })
  expect(found).toEqual([])
})
