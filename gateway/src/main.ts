#!/usr/bin/env node
// The gateway's process: reads the environment, starts the app, tells its parent what happens, ends in order.
import { HubError, toHubError } from '@mcphub/api'
import { startApp, sweep, type AppEvent } from './app.ts'
import { describeConfig, readConfig } from './config.ts'

const HELP = `mcphub-gateway: the MCP endpoint and the REST API of MCPHub.

Usage: node gateway/src/main.ts [--help | --sweep-orphans]

  --sweep-orphans   end children that an earlier, killed gateway of this data folder left behind, then exit

It is configured by the environment:
${describeConfig()}

\`make run\` starts it together with PostgreSQL; see the README.
`

/** One message per event to the parent (the launcher); a person who starts it by hand reads the log instead. */
function tell(event: AppEvent): void {
  if (process.send && process.connected) process.send(event)
}

function failStart(thrown: unknown): void {
  const error = toHubError(thrown)
  const cause = error.cause instanceof Error ? error.cause : null
  const message = error.code === 'internal' && cause ? `The gateway cannot start: ${cause.message}` : error.message
  tell({ type: 'fatal', message, fix: null })
  process.stderr.write(`${message}\n`)
  if (error.code === 'internal' && cause?.stack) process.stderr.write(`${cause.stack}\n`)
  process.exitCode = error instanceof HubError && error.code === 'invalid_request' ? 2 : 1
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(HELP)
    return
  }
  const config = readConfig(process.env)
  if (args.includes('--sweep-orphans')) {
    const ended = await sweep(config)
    process.stdout.write(`${JSON.stringify({ ended })}\n`)
    return
  }
  const app = await startApp(config, tell)
  // a launcher that was killed leaves the channel: nobody would end this process and its children later
  process.once('disconnect', () => void app.stop('the launcher is gone'))
  process.once('SIGHUP', () => void app.stop('SIGHUP'))
  await app.stopped
  process.exit(0)
}

main(process.argv.slice(2)).catch(failStart)
