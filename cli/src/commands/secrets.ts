// mcphub secrets: the values servers ask for. They come from stdin and never from the command line, where other processes could read them.
import type { Command } from 'commander'
import type { EnvTemplateResponse, VariableResponse } from '@mcphub/api'
import type { Environment } from '../config.ts'
import { usageFault } from '../fault.ts'
import { act, example } from '../run.ts'
import type { Run } from '../run.ts'
import { readSecret } from '../terminal.ts'
import { ago, table } from '../text.ts'

const ORG_OPTION = ['--org', 'an organisation variable, ORG_… (administrators)'] as const

export function addSecretsCommands(program: Command, environment: Environment): void {
  const secrets = program.command('secrets').description('Values your servers ask for (USER_…)')
  secrets
    .command('set')
    .description('set a value, read from stdin (typed unseen in a terminal)')
    .argument('<name>', 'such as USER_GITHUB_TOKEN')
    .option(...ORG_OPTION)
    .addHelpText(
      'after',
      example(
        'printf %s "$TOKEN" | mcphub secrets set USER_GITHUB_TOKEN',
        'mcphub secrets set ORG_SENTRY_TOKEN --org < token.txt',
      ),
    )
    .action(act(environment, setSecret))
  secrets
    .command('list')
    .description('what is set (masked) and what is still wanted')
    .option(...ORG_OPTION)
    .addHelpText(
      'after',
      example(
        'mcphub secrets list',
        "mcphub secrets list --json | jq -r '.items[] | select(.required and (.isSet | not)).name'",
      ),
    )
    .action(act(environment, listSecrets))
  secrets
    .command('unset')
    .description('remove a value')
    .argument('<name>')
    .option(...ORG_OPTION)
    .addHelpText('after', example('mcphub secrets unset USER_GITHUB_TOKEN'))
    .action(act(environment, unsetSecret))
}

interface OrgOption {
  readonly org?: boolean
}

/** ORG_ says it by itself; a USER_ name with --org is a slip that would set nothing anybody reads. */
function isOrg(name: string, options: OrgOption): boolean {
  if (name.includes('='))
    throw usageFault(
      'Give the name alone; the value comes from stdin.',
      'printf %s "$VALUE" | mcphub secrets set USER_NAME',
    )
  if (options.org && !name.startsWith('ORG_')) throw usageFault('Organisation variables are named ORG_….')
  return options.org === true || name.startsWith('ORG_')
}

async function setSecret(run: Run, name: string, options: OrgOption): Promise<void> {
  const org = isOrg(name, options)
  const body = { variables: { [name]: await readSecret(`Value of ${name}`) } }
  const { items } = org
    ? await run.client.call('setOrgVariables', { body })
    : await run.client.call('setUserVariables', { body })
  const saved = items.find((item) => item.name === name)
  run.show(saved ?? { ok: true }, () => `${name} is set${usedBy(saved)}.`)
}

function usedBy(saved: VariableResponse | undefined): string {
  if (!saved) return ''
  return saved.servers.length > 0 ? `, for ${saved.servers.join(', ')}` : '; no server you may use asks for it'
}

export interface SecretRow {
  readonly name: string
  readonly isSet: boolean
  readonly masked: string | null
  readonly required: boolean
  readonly servers: readonly string[]
  readonly updatedAt: string | null
}

async function listSecrets(run: Run, options: OrgOption): Promise<void> {
  const items = options.org
    ? mergeSecrets((await run.client.call('listOrgVariables')).items, [])
    : mergeSecrets(
        (await run.client.call('listUserVariables')).items,
        (await run.client.call('listEnvTemplates')).items,
      )
  run.show({ items }, () =>
    table(
      ['NAME', 'VALUE', 'WANTED BY', 'SET'],
      items.map((row) => [
        row.name,
        row.masked ?? (row.required ? 'MISSING' : 'not set (optional)'),
        row.servers.join(', '),
        row.updatedAt ? ago(row.updatedAt) : null,
      ]),
      'Nothing is set, and no server asks for anything.',
    ),
  )
}

/** One row per name: those set, then those only wanted. Pure. */
export function mergeSecrets(set: readonly VariableResponse[], templates: readonly EnvTemplateResponse[]): SecretRow[] {
  const rows = new Map<string, SecretRow>(
    set.map(({ name, masked, servers, updatedAt }) => [
      name,
      { name, isSet: true, masked, required: false, servers, updatedAt },
    ]),
  )
  for (const { server, variables } of templates) {
    for (const { name, required } of variables) {
      const row = rows.get(name) ?? { name, isSet: false, masked: null, required: false, servers: [], updatedAt: null }
      rows.set(name, { ...row, required: row.required || required, servers: [...new Set([...row.servers, server])] })
    }
  }
  return [...rows.values()]
}

async function unsetSecret(run: Run, name: string, options: OrgOption): Promise<void> {
  if (isOrg(name, options)) await run.client.call('deleteOrgVariable', { params: { name } })
  else await run.client.call('deleteUserVariable', { params: { name } })
  run.done(`${name} is removed.`)
}
