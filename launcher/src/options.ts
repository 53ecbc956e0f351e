// The launcher's options: command line over environment over defaults. The only place of the launcher that reads the environment.
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { StartFault } from './start-fault.ts'

export interface Options {
  readonly help: boolean
  /** the root of this project's files */
  readonly clone: string
  readonly dataDir: string
  readonly catalogDir: string
  readonly port: number
  /** addresses the gateway will listen on */
  readonly hosts: readonly string[]
  readonly gatewayEntry: string
  readonly color: boolean
  readonly json: boolean
  /** start the gateway again when its sources change */
  readonly watch: boolean
  /** what the gateway may read besides what the launcher sets */
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface OptionsInput {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clone: string
  readonly uid: number | undefined
  readonly isTerminal: boolean
}

export const HELP = `Starts the hub on this machine: PostgreSQL, the gateway and the catalogue; prints what to paste into an editor.

Usage: make run [PORT=3000] [DATA_DIR=folder] [CATALOG=folder]
       mcphub-run [options]

  --port <number>      port on 127.0.0.1 and ::1 (MCPHUB_PORT, default 3000)
  --data-dir <folder>  where everything is kept (MCPHUB_DATA_DIR, default .mcphub in the clone; as root /var/lib/mcphub/…)
  --catalog <folder>   McpServer and UserGroup manifests (MCPHUB_CATALOG_DIR, default catalog in the clone)
  --watch              start the gateway again when its sources change
  --json               one JSON object per line instead of text
  --no-color           no colours (NO_COLOR)
  --help               this text

Ctrl-C ends every process it started; a second one does not wait. The gateway's own settings (MCPHUB_…):
node gateway/src/main.ts --help
`

const FLAGS = {
  port: { type: 'string' },
  'data-dir': { type: 'string' },
  catalog: { type: 'string' },
  color: { type: 'boolean' },
  json: { type: 'boolean' },
  watch: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** @throws StartFault naming the option and what it takes */
export function readOptions({ args, env, clone, uid, isTerminal }: OptionsInput): Options {
  const flags = parseFlags(args)
  const given = { ...buildDefaults(clone), ...dropAbsent(readVariables(env)), ...flags }
  return {
    clone,
    dataDir: given['data-dir'] ? path.resolve(given['data-dir']) : chooseDataDir(clone, uid),
    catalogDir: path.resolve(given.catalog),
    port: parsePort(given.port),
    hosts: given.host.split(/[\s,]+/).filter(Boolean),
    gatewayEntry: path.resolve(given.entry),
    color: flags.color ?? (isTerminal && !env['NO_COLOR']),
    help: given.help,
    json: given.json,
    watch: given.watch,
    env: resolveLoginFile(env),
  }
}

/** It is named from where the command was typed; the gateway runs in the data folder. */
function resolveLoginFile(env: OptionsInput['env']): OptionsInput['env'] {
  const file = env['MCPHUB_LOGIN_FILE']
  return file ? { ...env, MCPHUB_LOGIN_FILE: path.resolve(file) } : env
}

const buildDefaults = (clone: string) => ({
  'data-dir': '',
  catalog: path.join(clone, 'catalog'),
  port: '3000',
  host: '',
  entry: path.join(clone, 'gateway/src/main.ts'),
  help: false,
  json: false,
  watch: false,
})

const readVariables = (env: OptionsInput['env']): Readonly<Record<string, string | undefined>> => ({
  'data-dir': env['MCPHUB_DATA_DIR'],
  catalog: env['MCPHUB_CATALOG_DIR'],
  port: env['MCPHUB_PORT'],
  host: env['MCPHUB_HOST'],
  entry: env['MCPHUB_GATEWAY_ENTRY'],
})

/** An empty variable is an absent one, as everywhere in the hub. */
function dropAbsent(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const present = Object.entries(values).flatMap(([name, value]) => (value ? [[name, value] as const] : []))
  return Object.fromEntries(present)
}

function parseFlags(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'] {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowNegative: true }).values
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('.')[0] : 'an option is wrong'
    throw new StartFault(`The command line is not understood: ${reason}.`, 'See --help.', { cause })
  }
}

function parsePort(given: string): number {
  const port = Number(given)
  if (/^\d+$/.test(given) && port <= 65_535) return port
  throw new StartFault('The port is not a number from 0 to 65535.', 'Give one, for example `make run PORT=3001`.')
}

/**
 * As root not in the clone: PostgreSQL and the users' children run under other uids, and a clone may lie below a home that nobody else
 * enters. One folder per clone, so that two clones do not share data unawares.
 */
function chooseDataDir(clone: string, uid: number | undefined): string {
  if (uid !== 0) return path.join(clone, '.mcphub')
  const hash = createHash('sha256').update(realpathSync(clone)).digest('hex').slice(0, 12)
  return path.join('/var/lib/mcphub', hash)
}
