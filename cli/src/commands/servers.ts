// mcphub servers: what is there, in which state, and why a server is isolated as it is.
import type { Command } from 'commander'
import type { ServerDetailResponse, ServerResponse } from '@mcphub/api'
import type { Environment } from '../config.ts'
import { findServer } from '../find.ts'
import { act, example } from '../run.ts'
import type { Run } from '../run.ts'
import { ago, clean, facts, table } from '../text.ts'

export function addServersCommands(program: Command, environment: Environment): void {
  const servers = program.command('servers').description('MCP servers behind this hub')
  servers
    .command('list')
    .description('servers you may use, with their state')
    .option('--all', 'all of the catalogue, with the faults of its manifests (administrators)')
    .addHelpText('after', example('mcphub servers list', 'mcphub servers list --all'))
    .action(act(environment, (run: Run, options: { all?: boolean }) => (options.all ? listAll(run) : listOwn(run))))
  servers
    .command('status')
    .description('one server: state, variables, tools')
    .argument('<server>')
    .addHelpText('after', example('mcphub servers status github'))
    .action(act(environment, showStatus))
  servers
    .command('why')
    .description('why a server is shared or one per user')
    .argument('<server>')
    .addHelpText('after', example('mcphub servers why filesystem'))
    .action(act(environment, showWhy))
}

const serverTable = (servers: readonly ServerResponse[]): string =>
  table(
    ['SERVER', 'TYPE', 'STATUS', 'TOOLS', 'ISOLATION', 'MISSING'],
    servers.map((server) => [
      server.name,
      server.type,
      server.status,
      server.toolCount,
      server.isolation.mode,
      server.missingVariables.join(', '),
    ]),
    'You may use no server yet.',
  )

/** Under the table: what keeps a server from working, one line each. */
const troubles = (servers: readonly ServerResponse[]): string[] =>
  servers.filter(({ status }) => status !== 'Ready').map(({ name, statusReason }) => `${name}: ${clean(statusReason)}`)

async function listOwn(run: Run): Promise<void> {
  const list = await run.client.call('listServers')
  run.show(list, () =>
    paragraphs(serverTable(list.items), troubles(list.items), [`Separation: ${list.separation.message}`]),
  )
}

async function listAll(run: Run): Promise<void> {
  const list = await run.client.call('listAdminServers')
  const faults = list.faults.map(
    ({ file, line, message }) => `${file}${line === null ? '' : `:${line}`}: ${clean(message)}`,
  )
  run.show(list, () =>
    paragraphs(serverTable(list.items), troubles(list.items), faults, [`Separation: ${list.separation.message}`]),
  )
}

function paragraphs(first: string, ...rest: readonly (readonly string[])[]): string {
  return [first, ...rest.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))].join('\n\n')
}

async function showStatus(run: Run, name: string): Promise<void> {
  const server = await findServer(run.client, name)
  run.show(server, () => paragraphs(describe(server), server.faults.map(clean), toolLines(server)))
}

function describe(server: ServerDetailResponse): string {
  return facts([
    ['Server', server.displayName ? `${server.name} (${server.displayName})` : server.name],
    ['Type', server.type],
    ['Status', server.status],
    ['Reason', server.statusReason],
    ['Risk', server.riskLevel],
    ['Isolation', `${server.isolation.mode}: ${server.isolation.reason}`],
    ['Sessions', server.sessions],
    ['Package', server.package ? [server.package.state, server.package.message].filter(Boolean).join(': ') : null],
    ['Variables', server.userVariables.map(({ name, isSet }) => `${name} (${isSet ? 'set' : 'not set'})`).join(', ')],
    ['Discovered', ago(server.discoveredAt)],
  ])
}

function toolLines({ tools }: ServerDetailResponse): string[] {
  if (tools.length === 0) return []
  return [
    table(
      ['TOOL', 'AS SHOWN IN /mcp', 'TITLE'],
      tools.map(({ name, exposedName, title }) => [name, exposedName, title]),
    ),
  ]
}

async function showWhy(run: Run, name: string): Promise<void> {
  const { isolation } = await findServer(run.client, name)
  const { separation } = await run.client.call('listServers')
  run.show({ server: name, isolation, separation }, () =>
    [`${name} is ${isolation.mode}: ${clean(isolation.reason)}`, `On this host: ${clean(separation.message)}`].join(
      '\n',
    ),
  )
}
