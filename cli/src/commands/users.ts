// mcphub users: the administration of people.
import type { Command } from 'commander'
import type { UserResponse } from '@mcphub/api'
import type { Environment } from '../config.ts'
import { CliFault } from '../fault.ts'
import { findUser } from '../find.ts'
import { act, example } from '../run.ts'
import type { Run } from '../run.ts'
import { confirm } from '../terminal.ts'
import { ago, table } from '../text.ts'
import { EXIT_CODES } from '@mcphub/api'

const state = (user: UserResponse): string => (user.deletedAt ? 'deleted' : user.active ? 'active' : 'inactive')

const userTable = (users: readonly UserResponse[]): string =>
  table(
    ['USER', 'ROLE', 'STATE', 'LAST SEEN', 'ID'],
    users.map((user) => [user.username, user.role, state(user), ago(user.lastSeenAt), user.id]),
  )

export function addUsersCommands(program: Command, environment: Environment): void {
  const users = program.command('users').description('People of this hub (administrators)')
  users
    .command('list')
    .description('list users')
    .option('--deleted', 'also those that were deleted softly')
    .addHelpText('after', example('mcphub users list', 'mcphub users list --json | jq -r .items[].username'))
    .action(act(environment, listUsers))
  users
    .command('add')
    .description('add a user')
    .argument('<username>')
    .option('--admin', 'as an administrator')
    .addHelpText('after', example('mcphub users add alice', 'mcphub keys create laptop --user alice'))
    .action(act(environment, addUser))
  addSwitch(users, environment, { name: 'activate', description: 'let a user in again', set: { active: true } })
  addSwitch(users, environment, {
    name: 'deactivate',
    description: "stop a user's keys, streams and sandboxes within seconds; everything is kept",
    set: { active: false },
  })
  addSwitch(users, environment, { name: 'promote', description: 'make a user an administrator', set: { admin: true } })
  addSwitch(users, environment, {
    name: 'demote',
    description: 'make an administrator a member',
    set: { admin: false },
  })
  users
    .command('delete')
    .description('delete a user; without --hard it can be restored')
    .argument('<username>')
    .option('--hard', 'remove every row, secret and sandbox for good')
    .option('--yes', 'do not ask')
    .addHelpText('after', example('mcphub users delete alice', 'mcphub users delete alice --hard --yes'))
    .action(act(environment, deleteUser))
  users
    .command('restore')
    .description('restore a softly deleted user; old keys stay dead')
    .argument('<username>')
    .addHelpText('after', example('mcphub users restore alice'))
    .action(act(environment, restoreUser))
}

async function listUsers(run: Run, options: { deleted?: boolean }): Promise<void> {
  const query = { deleted: options.deleted ? ('include' as const) : ('exclude' as const) }
  const users = await run.client.call('listUsers', { query })
  run.show(users, () => userTable(users.items))
}

async function addUser(run: Run, username: string, options: { admin?: boolean }): Promise<void> {
  const user = await run.client.call('createUser', { body: { username, role: options.admin ? 'admin' : 'member' } })
  run.show(
    user,
    () => `${user.username} is added as ${user.role}. A key: mcphub keys create <name> --user ${user.username}`,
  )
}

interface Switch {
  readonly name: string
  readonly description: string
  readonly set: { readonly active: boolean } | { readonly admin: boolean }
}

function addSwitch(users: Command, environment: Environment, { name, description, set }: Switch): void {
  users
    .command(name)
    .description(description)
    .argument('<username>')
    .addHelpText('after', example(`mcphub users ${name} alice`))
    .action(
      act(environment, async (run: Run, username: string) => {
        const { id } = await findUser(run.client, username)
        const user =
          'active' in set
            ? await run.client.call('setUserActive', { params: { id }, body: set })
            : await run.client.call('setUserAdmin', { params: { id }, body: set })
        run.show(user, () => `${user.username} is ${state(user)}, ${user.role}.`)
      }),
    )
}

async function deleteUser(run: Run, username: string, options: { hard?: boolean; yes?: boolean }): Promise<void> {
  const user = await findUser(run.client, username, options.hard ? 'include' : 'exclude')
  const question = `Delete ${user.username} with every key, secret and sandbox, for good?`
  if (options.hard && !options.yes && !(await confirm(question))) {
    throw new CliFault('Nothing was deleted.', { exit: EXIT_CODES.failure, code: 'cancelled' })
  }
  const mode = options.hard ? ('hard' as const) : ('soft' as const)
  await run.client.call('deleteUser', { params: { id: user.id }, query: { mode } })
  run.done(
    options.hard
      ? `${user.username} is gone.`
      : `${user.username} is deleted. Undo: mcphub users restore ${user.username}`,
  )
}

async function restoreUser(run: Run, username: string): Promise<void> {
  const { id } = await findUser(run.client, username, 'only')
  const user = await run.client.call('restoreUser', { params: { id } })
  run.show(
    user,
    () =>
      `${user.username} is restored, ${state(user)}. Old keys stay dead: mcphub keys create <name> --user ${user.username}`,
  )
}
