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
  const folder = flags['data-dir'] ?? env['MCPHUB_DATA_DIR']
  const catalog = flags.catalog ?? env['MCPHUB_CATALOG_DIR']
  return {
    help: flags.help ?? false,
    clone,
    dataDir: folder ? path.resolve(folder) : chooseDataDir(clone, uid),
    catalogDir: catalog ? path.resolve(catalog) : path.join(clone, 'catalog'),
    port: parsePort(flags.port ?? env['MCPHUB_PORT']),
    hosts: (env['MCPHUB_HOST'] ?? '').split(/[\s,]+/).filter(Boolean),
    gatewayEntry: env['MCPHUB_GATEWAY_ENTRY'] ?? path.join(clone, 'gateway/src/main.ts'),
    color: flags.color ?? (isTerminal && !env['NO_COLOR']),
    json: flags.json ?? false,
    watch: flags.watch ?? false,
    env,
  }
}

function parseFlags(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'] {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowNegative: true }).values
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('.')[0] : 'an option is wrong'
    throw new StartFault(`The command line is not understood: ${reason}.`, 'See --help.', { cause })
  }
}

function parsePort(given: string | undefined): number {
  if (given === undefined || given === '') return 3000
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
