// The environment and argv of a child: an allow-list. Nothing of the hub's own environment is ever copied (SEC-8).
// The only place where a secret for a stdio server becomes plain text.
import { dirname, resolve } from 'node:path'
import { HubError } from '@mcphub/api'
import { Secret } from '../../secrets/secret.ts'
import { MARK_VARIABLE } from './process-tree.ts'

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin'
const WORKDIR_TEMPLATE = '${WORKDIR}'

export interface ChildFolders {
  /** the child's current folder and HOME */
  readonly work: string
  readonly tmp: string
}

export interface EnvironmentInput {
  readonly nodePath: string
  readonly folders: ChildFolders
  readonly mark: string
  readonly given: ReadonlyMap<string, string | Secret>
}

export function revealValue(value: string | Secret, workFolder: string, what: string): string {
  // a user's own value is never a template: `${WORKDIR}` typed by a user stays as it is
  const text = value instanceof Secret ? value.reveal() : value.replaceAll(WORKDIR_TEMPLATE, workFolder)
  if (text.includes('\0'))
    throw new HubError('invalid_variable', `${what} holds a NUL character, which no process can be given`)
  return text
}

export function buildEnvironment({ nodePath, folders, mark, given }: EnvironmentInput): Record<string, string> {
  const env: Record<string, string> = {
    PATH: `${dirname(nodePath)}:${SYSTEM_PATH}`,
    LANG: 'C.UTF-8',
  }
  for (const [name, value] of given) env[name] = revealValue(value, folders.work, `the environment variable ${name}`)
  return { ...env, HOME: folders.work, TMPDIR: folders.tmp, [MARK_VARIABLE]: mark }
}

/** `spec.stdio.workdir` inside the work folder; null: it would lie elsewhere, where on one machine nothing of the child's is. */
export function resolveWorkdir(workdir: string | undefined, workFolder: string): string | null {
  const path = resolve(workFolder, (workdir ?? '.').replaceAll(WORKDIR_TEMPLATE, workFolder))
  return path === workFolder || path.startsWith(`${workFolder}/`) ? path : null
}

export function buildArguments(args: readonly (string | Secret)[], workFolder: string): string[] {
  return args.map((value, index) => revealValue(value, workFolder, `argument ${index + 1}`))
}

/** What must not appear in the child's logs. */
export function listSecrets(args: readonly (string | Secret)[], env: ReadonlyMap<string, string | Secret>): Secret[] {
  return [...args, ...env.values()].filter((value) => value instanceof Secret)
}
