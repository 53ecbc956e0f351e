// Whatever the hub says to people in English has a code, so that the console has words for it in every language: read from the sources, as
// they are written. A sentence that is changed or added there is changed or added in packages/api/src/sentences, too.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SENTENCES, findSaid } from '@mcphub/api'
import { expect, test } from 'vitest'
import { DOCTOR_CHECKS } from '../gateway/src/features/doctor/run-checks.ts'
import { listLiterals } from './kit/literals.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const find = (...patterns: readonly string[]): string[] =>
  patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT }).sort())

/** Where what a page shows of the hub's own English is written. */
const FILES = find(
  'packages/api/src/{faults,unbuilt}.ts',
  'packages/api/src/crds/{check-kit,check-remote,check-stdio,checks,sentences,runtime-class}.ts',
  'gateway/src/access/{explain,tool-policy}.ts',
  'gateway/src/catalog/manifests/{assemble,checks,documents,parse,scan}.ts',
  'gateway/src/features/catalog/check-manifest.ts',
  'gateway/src/features/doctor/{checks,runtime-checks,door-checks}.ts',
  'gateway/src/features/providers/check-provider.ts',
  'gateway/src/features/variables/check-value.ts',
  'gateway/src/mcp/upstream/faults.ts',
  'gateway/src/packages/npm/{install,npm-faults,package-bins}.ts',
  'gateway/src/sandboxes/pods/pod-facts.ts',
  'gateway/src/sandboxes/process/{exit-words,start-process,watch}.ts',
  'gateway/src/secrets/template.ts',
  'operator/src/mcp-sandbox/reasons.ts',
)
/** Nobody writes a McpSandbox by hand. */
const SCHEMAS = find('packages/api/src/crds/*.ts').filter((file) => !/mcp-sandbox|\.test\.ts$/.test(file))

/** Digits stand where a template fills something in: they fit a number and a name. */
const HOLE = '12'
const ELSEWHERE = [
  // names of checks are `check.*` of system.json
  ...DOCTOR_CHECKS.map(({ title }) => title),
  `People can log in through ${HOLE}`,
  // conditions that no page shows
  'A pod is wanted.',
  'No pod is older than its McpServer and groups.',
  'A pod of an older template finishes its calls.',
  'The pod has a node.',
  'No node takes the pod: Ready says why.',
  'The pod itself says whether it has a node.',
  'There is no pod.',
  // lists of names, and programs
  '${USER_…}, ${ORG_…} and ${WORKDIR}',
  '${USER_…} and ${ORG_…}',
  "new RegExp(pattern, 'u').test(value)",
  "new RegExp(pattern, 'u'), true",
]
const WHOLE = Object.values(SENTENCES).map((text) => text.replace(/\{[a-z]\w*\}/g, HOLE))

/** What is put together from several: each of its pieces stands in a sentence. */
const isMadeOfPieces = (text: string): boolean =>
  text.split(HOLE).every((piece) => WHOLE.some((whole) => whole.includes(piece)))

const isSentence = (text: string): boolean => text.split(/\s+/).filter((word) => /\p{L}/u.test(word)).length >= 3

test('R6-8: texts are found as they are written', () => {
  expect(FILES.length).toBeGreaterThan(25)
  const code =
    "say(`a ${list.map((x) => `${x}'s d e f`).join(', ')} b c`, 'not \\'so') // 'g h i'\n/* 'j' */ f(\"it's\")"
  expect(listLiterals(code, HOLE)).toEqual(['a 12 b c', "not 'so", "it's"])
})

test.each(FILES)('R6-8: %s: every sentence has a code', (file) => {
  const texts = listLiterals(read(file), HOLE).filter(isSentence)
  const left = texts.filter((text) => findSaid(text).length === 0 && !ELSEWHERE.includes(text) && !isMadeOfPieces(text))
  expect(left).toEqual([])
})

test.each(SCHEMAS)('R6-8: %s: every message has a code', (file) => {
  const messages = [...read(file).matchAll(/(?:message: |\.regex\([^\n]*\/[a-z]?, )(?:'([^']+)'|"([^"]+)"|`([^`]+)`)/g)]
  const texts = messages.map(
    ([, single, double, template]) => single ?? double ?? template!.replace(/\$\{[^}]*\}/g, HOLE),
  )
  expect(texts.filter((text) => findSaid(text).length === 0)).toEqual([])
})

test.each(['en', 'ko'])('R6-8: %s: every check of the hub has a name', (language) => {
  const words = JSON.parse(read(`console/src/locales/${language}/system.json`)) as Readonly<Record<string, string>>
  expect(DOCTOR_CHECKS.filter(({ id }) => words[`check.${id}`] === undefined)).toEqual([])
})
