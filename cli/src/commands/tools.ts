// mcphub tools, explain, connect: what an editor sees, why, and what to paste into it.
import type { Command } from 'commander'
import { buildConnectBlocks } from '@mcphub/api'
import type { Environment } from '../config.ts'
import { usageFault } from '../fault.ts'
import { findServer } from '../find.ts'
import { hubPath } from '../hub-url.ts'
import { act, example } from '../run.ts'
import type { Run } from '../run.ts'
import { note } from '../terminal.ts'
import { clean, table } from '../text.ts'

export function addToolsCommands(program: Command, environment: Environment): void {
  program
    .command('tools')
    .description('Tools your editor sees through /mcp with this key')
    .addHelpText('after', example('mcphub tools', 'mcphub tools --json | jq .items[].name'))
    .action(act(environment, listTools))
  program
    .command('explain')
    .description('Why a tool or server is visible, or not')
    .argument('<tool>', 'a tool as editors show it (github__create_issue), or a server')
    .option('--user <username>', 'for another user (administrators)')
    .addHelpText('after', example('mcphub explain github__create_issue', 'mcphub explain filesystem --user alice'))
    .action(act(environment, explain))
  program
    .command('connect')
    .description('What to paste into Cursor, Claude Code and VS Code (holds the key of this command)')
    .option('--editor <name>', 'cursor, claude-code, vscode or claude-desktop alone')
    .option('--server <name>', 'the endpoint of one server, with bare tool names')
    .option('--group <name>', 'the endpoint of one of your groups')
    .option('--new-key <name>', 'make a key for it instead of giving this one away')
    .addHelpText('after', example('mcphub connect', 'mcphub connect --editor cursor --new-key laptop'))
    .action(act(environment, connect))
}

async function listTools(run: Run): Promise<void> {
  const tools = await run.client.call('listTools')
  const whyNone = tools.items.length === 0 && !run.globals.json ? await explainNone(run) : null
  run.show(tools, () =>
    [
      table(
        ['TOOL', 'SERVER', 'TITLE'],
        tools.items.map(({ name, server, title }) => [name, server, title]),
        'No tool is visible.',
      ),
      ...(whyNone ? [whyNone] : []),
      ...tools.missing.map(
        ({ server, variables }) => `${server} waits for ${variables.join(', ')}: mcphub secrets set ${variables[0]}`,
      ),
      ...(tools.warning ? [clean(tools.warning)] : []),
    ].join('\n\n'),
  )
}

/** Groups that are all off hide everything, which is easily forgotten. */
async function explainNone(run: Run): Promise<string | null> {
  const { items } = await run.client.call('listGroups')
  if (items.length === 0 || items.some(({ active }) => active)) return null
  return `All your groups are off, so nothing is shown: mcphub groups on ${clean(items[0]?.name ?? '<group>')}`
}

async function explain(run: Run, tool: string, options: { user?: string }): Promise<void> {
  const query = { tool, ...(options.user ? { user: options.user } : {}) }
  const answer = await run.client.call('explainTool', { query })
  run.show(answer, () =>
    [
      `${clean(answer.tool)} is ${answer.visible ? '' : 'not '}visible to ${clean(answer.user)}.`,
      ...answer.steps.map(({ step, ok, reason }) => `  ${ok ? '✓' : '✗'} ${step}: ${clean(reason)}`),
    ].join('\n'),
  )
}

interface ConnectOptions {
  readonly editor?: string
  readonly server?: string
  readonly group?: string
  readonly newKey?: string
}

async function connect(run: Run, options: ConnectOptions): Promise<void> {
  const endpoint = hubPath(run.target.url, endpointPath(options)).href
  // everything that can be wrong before a key is made
  if (options.editor && !EDITORS.has(options.editor))
    throw usageFault('There is no such editor.', 'cursor, claude-code, vscode or claude-desktop')
  await checkEndpoint(run, options)
  const key = await keyToGive(run, options.newKey)
  const blocks = buildConnectBlocks(endpoint, key).filter(({ editor }) => !options.editor || editor === options.editor)
  run.show({ endpoint, blocks }, () =>
    blocks.map(({ title, where, text }) => `${title} (${where}):\n${text}`).join('\n\n'),
  )
}

const EDITORS: ReadonlySet<string> = new Set(buildConnectBlocks('', '').map(({ editor }) => editor))

async function checkEndpoint(run: Run, { server, group }: ConnectOptions): Promise<void> {
  if (server) await findServer(run.client, server)
  if (!group) return
  const { items } = await run.client.call('listGroups')
  if (!items.some(({ name }) => name === group))
    note(`You have no group "${clean(group)}": the address works only if a UserGroup of that name has you.`)
}

function endpointPath({ server, group }: ConnectOptions): string {
  if (server && group) throw usageFault('Give --server or --group, not both.')
  if (server) return `/mcp/${encodeURIComponent(server)}`
  return group ? `/mcp/group/${encodeURIComponent(group)}` : '/mcp'
}

async function keyToGive(run: Run, newKey: string | undefined): Promise<string> {
  if (newKey) return (await run.client.call('createKey', { body: { name: newKey } })).key
  if (run.target.key) return run.target.key
  throw usageFault('There is no key to put in.', 'mcphub login, or --key-file, or MCPHUB_KEY')
}
