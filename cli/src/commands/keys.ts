// mcphub keys: hub keys, one's own or, for administrators, a user's.
import type { KeyScopeResponse } from '@mcphub/api'
import type { Command } from 'commander'
import type { Environment } from '../config.ts'
import { usageFault } from '../fault.ts'
import { findKey, findUser, listKeysOf } from '../find.ts'
import { act, example, gather } from '../run.ts'
import type { Run } from '../run.ts'
import { note } from '../terminal.ts'
import { ago, parseExpiry, table } from '../text.ts'

const USER_OPTION = ['--user <username>', "a user's instead of your own (administrators)"] as const

export function addKeysCommands(program: Command, environment: Environment): void {
  const keys = program.command('keys').description('Keys for editors and scripts')
  keys
    .command('create')
    .description('make a key; it is shown this once, alone on stdout')
    .argument('<name>', 'to tell keys apart, such as laptop')
    .option(...USER_OPTION)
    .option('--server <name>', 'only this server (repeat for more)', gather)
    .option('--expires <when>', 'such as 30d, 12h or 2027-01-31')
    .addHelpText(
      'after',
      example(
        'mcphub keys create laptop',
        'mcphub keys create ci --server github --expires 30d',
        'mcphub keys create laptop --user alice',
      ),
    )
    .action(act(environment, createKey))
  keys
    .command('list')
    .description('list keys')
    .option(...USER_OPTION)
    .addHelpText('after', example('mcphub keys list', 'mcphub keys list --user alice'))
    .action(act(environment, listKeys))
  keys
    .command('revoke')
    .description('revoke a key: it stops within seconds')
    .argument('<key>', 'its name, id or last four digits')
    .option(...USER_OPTION)
    .addHelpText('after', example('mcphub keys revoke laptop', 'mcphub keys revoke laptop --user alice'))
    .action(act(environment, revokeKey))
}

interface CreateOptions {
  readonly user?: string
  readonly server?: string[]
  readonly expires?: string
}

async function createKey(run: Run, name: string, options: CreateOptions): Promise<void> {
  const body = {
    name,
    ...(options.server ? { scope: { servers: options.server } } : {}),
    ...(options.expires ? { expiresAt: readExpiry(options.expires) } : {}),
  }
  const created = options.user
    ? await run.client.call('createUserKey', { params: { id: (await findUser(run.client, options.user)).id }, body })
    : await run.client.call('createKey', { body })
  run.show(created, () => created.key)
  if (!run.globals.json)
    note('This key is shown only now. Editor blocks: mcphub connect --key-file <file with the key>')
}

function readExpiry(text: string): string {
  const time = parseExpiry(text)
  if (time !== null) return time
  throw usageFault('--expires is not a time.', 'Give 90m, 12h, 30d or a date such as 2027-01-31.')
}

async function listKeys(run: Run, options: { user?: string }): Promise<void> {
  const items = await listKeysOf(run.client, options.user)
  run.show({ items }, () =>
    table(
      ['NAME', 'KEY', 'SERVERS', 'EXPIRES', 'LAST USED', 'ID'],
      items.map((key) => [
        key.name,
        key.preview,
        formatScope(key.scope),
        key.expiresAt ? ago(key.expiresAt) : 'never',
        ago(key.lastUsedAt),
        key.id,
      ]),
      'There is no key.',
    ),
  )
}

function formatScope({ servers, group }: KeyScopeResponse): string {
  if (group !== null) return group.name === null ? 'none (its group is gone)' : `group ${group.name}`
  return servers?.join(', ') ?? 'all'
}

async function revokeKey(run: Run, wanted: string, options: { user?: string }): Promise<void> {
  const key = findKey(await listKeysOf(run.client, options.user), wanted)
  if (options.user) {
    const { id } = await findUser(run.client, options.user)
    await run.client.call('revokeUserKey', { params: { id, keyId: key.id } })
  } else {
    await run.client.call('revokeKey', { params: { id: key.id } })
  }
  run.done(`${key.name} is revoked.`)
}
