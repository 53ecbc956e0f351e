// The command tree, and what becomes of a fault: one text on stderr and an exit code.
import { Command, CommanderError } from 'commander'
import { EXIT_CODES } from '@mcphub/api'
import { addAccountCommands } from './commands/account.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addGroupsCommands } from './commands/groups.ts'
import { addImageCommand } from './commands/image.ts'
import { addKeysCommands } from './commands/keys.ts'
import { addRuntimeCommands } from './commands/runtime.ts'
import { addSecretsCommands } from './commands/secrets.ts'
import { addServersCommands } from './commands/servers.ts'
import { addToolsCommands } from './commands/tools.ts'
import { addUsersCommands } from './commands/users.ts'
import type { Environment } from './config.ts'
import { CliFault, describeFault, faultJson, usageFault } from './fault.ts'
import { note } from './terminal.ts'
import { VERSION } from './version.ts'

const ABOUT = `
The hub is found by --url, MCPHUB_URL, or the credentials that setup or login kept
(.mcphub/ below this folder, then ~/.config/mcphub/credentials.json); the key by --key-file, MCPHUB_KEY or the same file.

Exit codes: 0 done, 1 failed, 2 usage, 3 not authenticated, 4 not allowed, 5 not found, 6 conflict, 7 not valid,
8 not available, 9 a limit is reached.`

export function buildProgram(environment: Environment): Command {
  const program = new Command('mcphub')
    .description('The command line of MCPHub: one MCP endpoint for a whole company')
    .version(VERSION, '--version', 'the version of this command line')
    .option('--url <address>', 'the hub (MCPHUB_URL)')
    .option('--key-file <file>', 'a file with your key (or MCPHUB_KEY); never give a key as an argument')
    .option('--insecure', 'send the key over plain http to another host')
    .option('--json', 'JSON on stdout, faults as JSON on stderr')
    .helpOption('--help', 'how to use this command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', ABOUT)
    // told by usageOf below
    .configureOutput({ outputError: () => {} })
    .exitOverride()
  addAccountCommands(program, environment)
  addUsersCommands(program, environment)
  addKeysCommands(program, environment)
  addSecretsCommands(program, environment)
  addGroupsCommands(program, environment)
  addServersCommands(program, environment)
  addToolsCommands(program, environment)
  addRuntimeCommands(program, environment)
  addImageCommand(program, environment)
  addDoctorCommand(program, environment)
  addCompletionCommand(program)
  return program
}

/** Runs one command line; resolves to its exit code. */
export async function runProgram(args: readonly string[], environment: Environment): Promise<number> {
  try {
    await buildProgram(environment).parseAsync(args, { from: 'user' })
    return EXIT_CODES.ok
  } catch (thrown) {
    if (isHelp(thrown)) return thrown.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage
    const fault =
      thrown instanceof CommanderError ? usageOf(thrown) : thrown instanceof CliFault ? thrown : unexpected(thrown)
    note(args.includes('--json') ? faultJson(fault) : describeFault(fault))
    return fault.facts.exit
  }
}

/** Help or the version was shown: because it was asked for (0), or because a command was left out. */
function isHelp(thrown: unknown): thrown is CommanderError {
  return (
    thrown instanceof CommanderError &&
    ['commander.helpDisplayed', 'commander.help', 'commander.version'].includes(thrown.code)
  )
}

/** In commander's words, without what was typed in a wrong place: it may be a secret. */
function usageOf({ code, message }: CommanderError): CliFault {
  const words = message.replace(/^error: /, '').split('\n')
  const [first = ''] = words
  const said =
    code === 'commander.excessArguments'
      ? 'Too many arguments.'
      : first.replace(/=[^']*'/, "=…'").replace(/mcphub_\w+/g, 'mcphub_…')
  const hint = words.find((word) => word.startsWith('(')) ?? 'See --help.'
  return usageFault(`${said.charAt(0).toUpperCase()}${said.slice(1)}`, hint)
}

/** A fault of this program. Its message may quote anything, so only its kind and place are told. */
function unexpected(thrown: unknown): CliFault {
  const kind = thrown instanceof Error ? thrown.name : typeof thrown
  const code = (thrown as NodeJS.ErrnoException | null)?.code
  return new CliFault(
    `This should not happen (${[kind, code].filter(Boolean).join(' ')}).`,
    {
      exit: EXIT_CODES.failure,
      code: 'internal',
      fix: 'Please report it, with the command you gave (not its values).',
    },
    { cause: thrown },
  )
}
