// The lock of a PyPI package with everything below it and the hash of every file, resolved by the uv of this machine; nothing is installed or built.
import { execFile } from 'node:child_process'
import { EXIT_CODES } from '@mcphub/api'
import { CliFault } from '../fault.ts'

export interface PypiPackage {
  readonly name: string
  readonly version: string
}

/** The oldest Python of a runner image: the lock holds for it and all later ones, and for every machine. */
const PYTHON = '3.11'

const OPTIONS = ['--generate-hashes', '--universal', '--python-version', PYTHON, '--only-binary', ':all:']
const PLAIN = ['--no-header', '--no-annotate', '--no-progress', '--quiet']

const failed = (message: string): CliFault => new CliFault(message, { exit: EXIT_CODES.failure, code: 'not_resolved' })

const FAULTS: readonly (readonly [said: RegExp, why: string])[] = [
  [/no version|not found in the package registry|unsatisfiable/i, 'no such package or version'],
  [/no usable wheels|building source/i, 'a package has no wheel, and none is built'],
  [/\b40[13]\b|unauthorized|forbidden/i, 'the registry refuses, or wants credentials'],
]

/** uv's own words may name a registry's password. */
function describe(fault: Error & { readonly code?: unknown }, stderr: string): CliFault {
  if (fault.code === 'ENOENT') return failed('uv is not installed here (https://docs.astral.sh/uv, or pip install uv).')
  const [, why = 'uv failed'] = FAULTS.find(([said]) => said.test(stderr)) ?? []
  return failed(`uv could not resolve the package (${why}).`)
}

/** Every package stands with its hashes, or nobody could check a file of it. */
function requireHashes(lock: string): string {
  const entries = lock.split(/\n(?=\S)/).filter((entry) => entry.trim() !== '')
  const without = entries.find((entry) => !entry.includes('--hash=sha256:'))
  if (entries.length === 0 || without !== undefined) throw failed(`${without ?? 'The lock'} has no hash.`)
  return lock
}

/** The text of requirements.txt, in the form that the installer uses. @throws CliFault */
export async function resolveRequirements({ name, version }: PypiPackage): Promise<string> {
  const resolved = Promise.withResolvers<string>()
  const child = execFile('uv', ['pip', 'compile', ...OPTIONS, ...PLAIN, '-'], (fault, stdout, stderr) =>
    fault ? resolved.reject(describe(fault, stderr)) : resolved.resolve(stdout),
  )
  // a program that is not there breaks the pipe; the fault above tells
  child.stdin?.on('error', () => {})
  child.stdin?.end(`${name}==${version}\n`)
  return requireHashes(await resolved.promise)
}
