// mcphub setup, login, logout, status, key-ring: the way in, and whether it works.
import type { Command } from 'commander'
import { EXIT_CODES } from '@mcphub/api'
import { createClient } from '../client.ts'
import { checkKey } from '../config.ts'
import type { Environment } from '../config.ts'
import { removeCredentials, writeCredentials } from '../credentials.ts'
import { CliFault, usageFault } from '../fault.ts'
import { parseHubUrl, showUrl } from '../hub-url.ts'
import { act, example, openRun } from '../run.ts'
import type { Run } from '../run.ts'
import { note, readSecret } from '../terminal.ts'
import { facts } from '../text.ts'

export function addAccountCommands(program: Command, environment: Environment): void {
  program
    .command('setup')
    .description('Redeem the one-time set-up link: you become the first administrator, logged in here')
    .argument('<link>', 'as the hub printed it; - reads it from stdin')
    .option('--username <name>', 'your name on the hub', 'admin')
    .option('--no-save', 'show the key, keep nothing')
    .addHelpText('after', example("mcphub setup 'http://localhost:3000/setup#token=…' --username alice"))
    .action(act(environment, setup))
  program
    .command('login')
    .description('Keep a key, read from stdin, for later commands')
    .addHelpText('after', example('mcphub login --url https://mcphub.example.com', 'mcphub login < key.txt'))
    .action(act(environment, login))
  program
    .command('logout')
    .description('Forget the kept key; it stays valid until it is revoked')
    .addHelpText('after', example('mcphub logout'))
    .action(act(environment, logout))
  program
    .command('status')
    .description('Which hub, who you are, whether it works')
    .addHelpText('after', example('mcphub status'))
    .action(act(environment, status))
  program
    .command('key-ring')
    .description('The keys that seal stored values (administrators)')
    .command('rotate')
    .description('seal everything under a new key, online')
    .addHelpText('after', example('mcphub key-ring rotate'))
    .action(act(environment, rotate))
}

interface SetupOptions {
  readonly username: string
  readonly save: boolean
}

async function setup(run: Run, link: string, options: SetupOptions): Promise<void> {
  const text = link === '-' ? await readSecret('Link') : link
  const token = readToken(text)
  const url = parseHubUrl(new URL(text).origin + new URL(text).pathname.replace(/\/setup\/?$/, ''))
  // the rules for addresses hold here too
  const { target } = openRun(run.environment, { ...run.globals, url: showUrl(url) })
  const done = await createClient({ url: target.url, key: null }).call('redeemSetup', {
    body: { token, username: options.username },
  })
  // without a password the hub makes a key
  const key = done.key ?? ''
  if (options.save) writeCredentials(run.environment.credentialsFile, target.url, key)
  run.show(done, () => key)
  if (!run.globals.json)
    note(
      `${done.user.username} is the administrator. ${options.save ? `The key is kept in ${run.environment.credentialsFile}` : 'The key is shown only now.'}`,
    )
}

/** `…/setup#token=…` */
function readToken(link: string): string {
  const url = URL.parse(link.trim())
  const token = url && (new URLSearchParams(url.hash.slice(1)).get('token') ?? url.searchParams.get('token'))
  if (token) return token
  throw usageFault(
    'That is not a set-up link.',
    'It looks like http://localhost:3000/setup#token=… (quote it for the shell)',
  )
}

async function login(run: Run): Promise<void> {
  // without the key at hand: it may be the one that no longer works
  const { target } = openRun({ ...run.environment, key: null }, { ...run.globals })
  const key = checkKey((await readSecret(`Key for ${showUrl(target.url)}`)).trim(), 'stdin')
  const me = await createClient({ url: target.url, key }).call('getMe')
  writeCredentials(run.environment.credentialsFile, target.url, key)
  run.show(
    { url: showUrl(target.url), username: me.username, role: me.role, file: run.environment.credentialsFile },
    () => `You are ${me.username} (${me.role}) at ${showUrl(target.url)}.`,
  )
}

function logout(run: Run): void {
  const removed = removeCredentials(run.environment.credentialsFile)
  run.show({ ok: true, removed }, () => (removed ? 'The key is forgotten here.' : 'No key was kept.'))
}

async function status(run: Run): Promise<void> {
  const { target, client } = run
  const health = await client.call('getHealth')
  const me = target.key ? await client.call('getMe') : null
  const url = showUrl(target.url)
  run.show({ url, urlSource: target.urlSource, keySource: target.keySource, health, me }, () =>
    facts([
      ['Hub', `${url} (${target.urlSource})`],
      ['Health', `${health.status}, database ${health.database}`],
      ['Version', `${health.version}, ${health.mode === 'local' ? 'one machine' : 'Kubernetes'}`],
      ['You', me ? `${me.username} (${me.role})` : 'nobody: no key; see mcphub login --help'],
      ['Key', me?.key ? `${me.key.name} (${target.keySource})` : null],
      ['Key limited to', me?.key?.scope.servers?.join(', ')],
    ]),
  )
  if (health.status === 'ok') return
  throw new CliFault(`The hub is ${health.status}.`, {
    exit: EXIT_CODES.unavailable,
    code: 'server_unavailable',
    fix: 'See: mcphub doctor',
  })
}

async function rotate(run: Run): Promise<void> {
  const ring = await run.client.call('rotateKeyRing')
  run.show(ring, () => `${ring.resealed} values are sealed under the new key ${ring.keyId}.`)
}
