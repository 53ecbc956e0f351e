// Runs one official conformance suite against a URL, by its own program, and reads what it wrote: per scenario what passed and what did not.
import { spawn } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Suite = '0.1.16 all' | '2025-11-25' | '2026-07-28'

export interface SuiteRun {
  /** of the program: 0 = what failed was expected, and all that was expected did fail */
  readonly exitCode: number
  /** checks that passed */
  readonly passed: number
  /** `scenario:check: why` of everything that did not pass, expected or not */
  readonly problems: readonly string[]
  /** the end of what it printed: what it says of what was expected */
  readonly verdict: string
}

interface Check {
  readonly id: string
  readonly status: string
  readonly errorMessage?: string
}

const STABLE = fileURLToPath(import.meta.resolve('conformance-016/dist/index.js'))
const NEXT = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'))
/** the suites print the URL they are given */
const KEY = /mcphub_[0-9a-f]+/g
const WHOLE_RUN_MS = 60_000

const COMMANDS: Readonly<Record<Suite, readonly string[]>> = {
  '0.1.16 all': [STABLE, 'server', '--suite', 'all'],
  '2025-11-25': [NEXT, 'server', '--requirements', '2025-11-25'],
  '2026-07-28': [NEXT, 'server', '--requirements', '2026-07-28'],
}

/** @param expected entries `scenario` or `scenario:check` that must fail */
export function runSuite(suite: Suite, url: string, expected: readonly string[]): Promise<SuiteRun> {
  return run(COMMANDS[suite], url, expected)
}

/** One scenario at 2026-07-28. */
export function runScenario(scenario: string, url: string, expected: readonly string[]): Promise<SuiteRun> {
  return run([NEXT, 'server', '--scenario', scenario, '--spec-version', '2026-07-28'], url, expected)
}

async function run(command: readonly string[], url: string, expected: readonly string[]): Promise<SuiteRun> {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-conformance-'))
  try {
    const results = join(folder, 'results')
    mkdirSync(results)
    const baseline = join(folder, 'expected.yaml')
    writeFileSync(baseline, JSON.stringify({ server: expected }))
    const more = ['--url', url, '-o', results, ...(expected.length > 0 ? ['--expected-failures', baseline] : [])]
    const { exitCode, output } = await execute([...command, ...more])
    return { exitCode, ...readResults(results), verdict: output.slice(-600).replaceAll(KEY, '[key]') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function execute(args: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: WHOLE_RUN_MS })
    let output = ''
    child.stdout.on('data', (piece) => (output += String(piece)))
    child.stderr.on('data', (piece) => (output += String(piece)))
    child.once('error', reject)
    child.once('close', (code) => resolve({ exitCode: code ?? -1, output }))
  })
}

function readResults(folder: string): { readonly passed: number; readonly problems: readonly string[] } {
  const problems: string[] = []
  let passed = 0
  for (const file of globSync('*/checks.json', { cwd: folder })) {
    // server-<scenario>-<time>
    const scenario = basename(dirname(file))
      .replace(/^server-/, '')
      .replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '')
    for (const check of JSON.parse(readFileSync(join(folder, file), 'utf8')) as Check[]) {
      if (check.status === 'SUCCESS') passed++
      if (check.status === 'FAILURE' || check.status === 'WARNING') {
        problems.push(`${scenario}:${check.id}: ${check.status} ${check.errorMessage ?? ''}`)
      }
    }
  }
  return { passed, problems: problems.toSorted() }
}
