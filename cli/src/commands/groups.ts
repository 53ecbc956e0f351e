// mcphub groups: one's own on/off sets of servers, and a look at the company's UserGroups.
import type { Command } from 'commander'
import type { GroupResponse } from '@mcphub/api'
import type { Environment } from '../config.ts'
import { usageFault } from '../fault.ts'
import { findGroup } from '../find.ts'
import { act, example, gather } from '../run.ts'
import type { Run } from '../run.ts'
import { table } from '../text.ts'

export function addGroupsCommands(program: Command, environment: Environment): void {
  const groups = program.command('groups').description('Your own sets of servers: they decide what your editor shows')
  groups
    .command('list')
    .description('list your groups')
    .addHelpText('after', example('mcphub groups list'))
    .action(act(environment, listGroups))
  groups
    .command('create')
    .description('make a group; it is on at once')
    .argument('<name>')
    .option('--server <name>', 'a server of the group (repeat for more)', gather)
    .option('--description <text>')
    .option('--off', 'turned off for now')
    .addHelpText('after', example('mcphub groups create writing --server filesystem --server github'))
    .action(act(environment, createGroup))
  groups
    .command('update')
    .description('change a group; what is not named stays')
    .argument('<group>', 'its name or id')
    .option('--name <name>', 'a new name')
    .option('--description <text>')
    .option('--server <name>', 'replace the servers by these (repeat for more)', gather)
    .option('--add <server>', 'add a server (repeat for more)', gather)
    .option('--remove <server>', 'take a server out (repeat for more)', gather)
    .addHelpText('after', example('mcphub groups update writing --add memory --remove github'))
    .action(act(environment, updateGroup))
  groups
    .command('delete')
    .description('remove a group; without any group everything is shown')
    .argument('<group>', 'its name or id')
    .addHelpText('after', example('mcphub groups delete writing'))
    .action(act(environment, deleteGroup))
  for (const active of [true, false]) {
    const name = active ? 'on' : 'off'
    groups
      .command(name)
      .description(active ? 'show the servers of a group' : 'hide them; with all groups off nothing is shown')
      .argument('<group>', 'its name or id')
      .addHelpText('after', example(`mcphub groups ${name} writing`))
      .action(act(environment, (run: Run, wanted: string) => switchGroup(run, wanted, active)))
  }
  groups
    .command('company')
    .description('UserGroups of the catalogue: which people get which servers (administrators)')
    .addHelpText('after', example('mcphub groups company'))
    .action(act(environment, listUserGroups))
}

const onOff = (active: boolean): string => (active ? 'on' : 'off')
const sentence = (group: GroupResponse): string =>
  `${group.name} is ${onOff(group.active)}: ${group.servers.join(', ') || 'no servers'}`

async function listGroups(run: Run): Promise<void> {
  const groups = await run.client.call('listGroups')
  run.show(groups, () =>
    table(
      ['GROUP', 'STATE', 'SERVERS', 'DESCRIPTION', 'ID'],
      groups.items.map((group) => [
        group.name,
        onOff(group.active),
        group.servers.join(', '),
        group.description,
        group.id,
      ]),
      'You have no group, so everything you may use is shown.',
    ),
  )
}

interface CreateOptions {
  readonly server?: string[]
  readonly description?: string
  readonly off?: boolean
}

async function createGroup(run: Run, name: string, { server = [], description, off }: CreateOptions): Promise<void> {
  const body = { name, servers: server, active: !off, ...(description === undefined ? {} : { description }) }
  const group = await run.client.call('createGroup', { body })
  run.show(group, () => sentence(group))
}

interface UpdateOptions {
  readonly name?: string
  readonly description?: string
  readonly server?: string[]
  readonly add?: string[]
  readonly remove?: string[]
}

async function updateGroup(run: Run, wanted: string, options: UpdateOptions): Promise<void> {
  if (Object.keys(options).length === 0) throw usageFault('Nothing to change.', 'See: mcphub groups update --help')
  const { id, ...old } = await findGroup(run.client, wanted)
  const description = options.description ?? old.description
  const body = {
    name: options.name ?? old.name,
    servers: changeServers(options.server ?? old.servers, options),
    ...(description === null ? {} : { description }),
  }
  const group = await run.client.call('updateGroup', { params: { id }, body })
  run.show(group, () => sentence(group))
}

function changeServers(servers: readonly string[], { add = [], remove = [] }: UpdateOptions): string[] {
  return [...new Set([...servers, ...add])].filter((server) => !remove.includes(server))
}

async function deleteGroup(run: Run, wanted: string): Promise<void> {
  const { id, name } = await findGroup(run.client, wanted)
  await run.client.call('deleteGroup', { params: { id } })
  run.done(`${name} is removed.`)
}

async function switchGroup(run: Run, wanted: string, active: boolean): Promise<void> {
  const { id } = await findGroup(run.client, wanted)
  const group = await run.client.call('setGroupActive', { params: { id }, body: { active } })
  run.show(group, () => sentence(group))
}

async function listUserGroups(run: Run): Promise<void> {
  const groups = await run.client.call('listUserGroups')
  run.show(groups, () =>
    table(
      ['GROUP', 'STATE', 'MEMBERS', 'CLAIMS', 'SERVERS'],
      groups.items.map(({ name, active, members, servers }) => [
        name,
        onOff(active),
        members.users.join(', '),
        members.claims.map((claim) => `${claim.name}=${claim.value}`).join(', '),
        servers.join(', '),
      ]),
      'The catalogue has no UserGroup.',
    ),
  )
}
