#!/usr/bin/env node
// The gateway's process: reads the environment, starts the app, tells its parent what happens, ends in order.
import './platform/v8-flags.ts'
import { EXIT_CODES, HubError, toHubError } from '@mcphub/api'
import { isCommand, runCommand } from './app-commands.ts'
import { startApp, sweep, type AppEvent } from './app.ts'
import { describeConfig, readConfig } from './config.ts'
import { closeInheritedFiles } from './platform/inherited-files.ts'

const HELP = `mcphub-gateway: the MCP endpoint and the REST API of MCPHub.

Usage: node gateway/src/main.ts [--help | --sweep-orphans | setup-link | canary-users create NAME… | canary-users remove ID…]

  --sweep-orphans   end children that an earlier, killed gateway of this data folder left behind, then exit
  setup-link        print a fresh one-time link that makes the first administrator, then exit
  canary-users      make members whose keys end in an hour, for a test of the installation, or remove them; then exit

It is configured by the environment:
${describeConfig()}

\`make run\` starts it together with PostgreSQL; see the README.
`

/** One message per event to the parent (the launcher); a person who starts it by hand reads the log instead. */
function tell(event: AppEvent, sent: () => void = () => undefined): void {
  if (process.send && process.connected) process.send(event, undefined, undefined, sent)
  else sent()
}

function failStart(thrown: unknown): void {
  const error = toHubError(thrown)
  const cause = error.cause instanceof Error ? error.cause : null
  const message = error.code === 'internal' && cause ? `The gateway cannot start: ${cause.message}` : error.message
  process.stderr.write(`${message}\n`)
  if (error.code === 'internal' && cause?.stack) process.stderr.write(`${cause.stack}\n`)
  const code = error.code === 'invalid_request' ? EXIT_CODES.usage : EXIT_CODES.failure
  // the channel to the launcher would keep the process alive, and what was not sent yet would be lost
  tell({ type: 'fatal', message, fix: null }, () => process.exit(code))
}

async function main(args: readonly string[]): Promise<void> {
  closeInheritedFiles()
  if (args.includes('--help')) {
    process.stdout.write(HELP)
    return
  }
  const [command, ...rest] = args
  if (isCommand(command)) {
    process.stdout.write(`${await runCommand(readConfig(process.env), command, rest)}\n`)
    return
  }
  const unknown = args.find((arg) => arg !== '--sweep-orphans')
  if (unknown !== undefined) throw new HubError('invalid_request', `Unknown option "${unknown}"; see --help`)
  const config = readConfig(process.env)
  if (args.includes('--sweep-orphans')) {
    const ended = await sweep(config)
    process.stdout.write(`${JSON.stringify({ ended })}\n`)
    return
  }
  await startApp(config, tell)
}

main(process.argv.slice(2)).catch(failStart)
