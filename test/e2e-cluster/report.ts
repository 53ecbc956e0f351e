// What the run prints: every story with its tests, why some did not run, the figures, and what took how long.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Figure } from './kit/figures.ts'
import { API_RESULTS_FILES, FIGURES_FILE, RESULTS_FILE, ROOT, SUFFIX } from './settings.ts'

interface TestResult {
  readonly ancestorTitles: readonly string[]
  readonly title: string
  readonly status: string
  readonly duration?: number | null
  readonly failureMessages?: readonly string[]
  readonly meta?: { readonly reason?: string }
}
interface FileResult {
  readonly name: string
  readonly status: string
  readonly message?: string
  readonly assertionResults: readonly TestResult[]
}
interface Results {
  readonly testResults: readonly FileResult[]
}

/** Of an earlier run: nothing of it may be shown as of this one. */
export function forgetResults(): void {
  for (const file of [RESULTS_FILE, FIGURES_FILE, ...Object.values(API_RESULTS_FILES)]) rmSync(file, { force: true })
  mkdirSync(dirname(RESULTS_FILE), { recursive: true })
}

const readJson = <T>(file: string, otherwise: T): T => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    return otherwise
  }
}

/** A whole group of tests that was left out says nothing itself. */
const NO_REASON = SUFFIX === '' ? 'no reason given' : 'it needs the harness: this cluster is not its own'

const WORDS: Readonly<Record<string, string>> = { passed: 'passed', failed: 'FAILED' }

const seconds = (ms: number | null | undefined): string => (ms ? `${(ms / 1000).toFixed(1)} s` : '')

/** The first line that says something: the rest is the runner's own output. */
const firstLine = (message = ''): string =>
  message
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.slice(0, 200) ?? ''

function presentTest(test: TestResult): string {
  const word = WORDS[test.status] ?? 'skipped'
  const title = [...test.ancestorTitles, test.title].filter(Boolean).join(' › ')
  const why =
    word === 'FAILED'
      ? `: ${firstLine(test.failureMessages?.[0])}`
      : word === 'skipped'
        ? `: ${test.meta?.reason ?? NO_REASON}`
        : ''
  return `  ${word.padEnd(7)}  ${seconds(test.duration).padStart(8)}  ${title}${why}`
}

const presentFile = (file: FileResult): string => {
  const name = file.name.replace(/^.*\/stories\//, '').replace(/\.story\.ts$/, '')
  // a file that fails before its tests has none
  const fault =
    file.status === 'failed' && file.assertionResults.length === 0 ? `\n  FAILED   ${firstLine(file.message)}` : ''
  return [`${name}${fault}`, ...file.assertionResults.map(presentTest)].join('\n')
}

const presentFigure = ({ name, value, floor, bar, unit }: Figure): string => {
  const shown = (one: number): string => `${Number(one.toFixed(2))} ${unit}`
  const parts = [shown(value), ...(floor === undefined ? [] : [`floor ${shown(floor)}`]), bar && `bar ${bar}`]
  return `  ${name}: ${parts.filter(Boolean).join(', ')}`
}

function sumUp(tests: readonly TestResult[]): string {
  const count = (status: string): number => tests.filter((test) => test.status === status).length
  const [passed, failed] = [count('passed'), count('failed')]
  return `${passed} passed, ${failed} failed, ${tests.length - passed - failed} skipped`
}

/** Of the suites that ask the API server: a line each, and what failed by its name. */
function presentApiResults(): string[] {
  const testResults = Object.values(API_RESULTS_FILES).flatMap(
    (file) => readJson<Results>(file, { testResults: [] }).testResults,
  )
  if (testResults.length === 0) return []
  const lines = testResults.flatMap(({ name, assertionResults, message }) => [
    `  ${name.replace(`${ROOT}/`, '')}: ${assertionResults.length > 0 ? sumUp(assertionResults) : firstLine(message)}`,
    ...assertionResults.filter(({ status }) => status === 'failed').map(presentTest),
  ])
  return ['the API server itself', ...lines]
}

/** Of what the stories left behind, as text. */
export function presentResults(): string {
  const { testResults } = readJson<Results>(RESULTS_FILE, { testResults: [] })
  const figures = readJson<Figure[]>(FIGURES_FILE, [])
  const files = testResults.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  const tests = files.flatMap(({ assertionResults }) => assertionResults)
  const shownFigures = figures.length > 0 ? ['', 'Figures', ...figures.map(presentFigure)] : []
  return [...presentApiResults(), ...files.map(presentFile), ...shownFigures, '', sumUp(tests)].join('\n')
}

export const writeReport = (file: string, text: string): void => writeFileSync(file, `${text}\n`)
