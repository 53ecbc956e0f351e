// What the shim is told to start: argv, environment and folder, with this person's values. They leave for the pod and are kept nowhere. Pure.
import { posix } from 'node:path'
import { HubError } from '@mcphub/api'
import type { AcquireRequest } from '../sandboxes.ts'
import { buildArguments, revealValue } from '../process/environment.ts'

export interface PodFolders {
  /** the pod's work folder, `/work` */
  readonly work: string
  /** where the package lies, `/package` */
  readonly package: string
}

export interface ChildCommand {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workdir: string
}

type CommandRequest = Pick<AcquireRequest, 'server' | 'args' | 'env' | 'owner'>

/** `key`: of the child; a session's own child has a folder of its own unless the folder is kept. @throws HubError `invalid_variable`, `server_unavailable` */
export function buildCommand(
  { server, args, env, owner }: CommandRequest,
  key: string,
  folders: PodFolders,
): ChildCommand {
  const { stdio } = server.spec
  if (!stdio) throw new HubError('server_unavailable', `Server "${server.name}" has no "stdio" part`)
  const isApart = owner.sessionId !== null && stdio.persistence.mode === 'None'
  const work = isApart ? posix.join(folders.work, key) : folders.work
  const named = [...env].map(([name, value]) => [name, revealValue(value, work, `the environment variable ${name}`)])
  return {
    argv: [...programOf(server, folders), ...buildArguments(args, work)],
    env: { ...(Object.fromEntries(named) as Record<string, string>), ...(isApart ? { HOME: work } : {}) },
    workdir: posix.resolve(work, (stdio.workdir ?? '.').replaceAll('${WORKDIR}', work)),
  }
}

function programOf({ name, spec }: CommandRequest['server'], folders: PodFolders): readonly string[] {
  const { image, command, package: from } = spec.stdio!
  if (image !== undefined) return command ?? []
  if (from?.npm) return ['node', posix.join(folders.package, 'server')]
  if (from?.pypi) return [posix.join(folders.package, 'bin/server')]
  throw new HubError('server_unavailable', `Server "${name}" names neither a package nor an image`)
}
