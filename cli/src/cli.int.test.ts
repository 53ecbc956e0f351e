// Every command against a hub that keeps the contracts: what scripts get, what people get, what the hub then holds.
import { readFileSync, statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EXIT_CODES } from '@mcphub/api'
import type { ConnectBlock } from '@mcphub/api'
import { CliHome } from '../../test/kit/cli.ts'
import type { CliOptions, CliResult } from '../../test/kit/cli.ts'
import { startRestDouble } from '../../test/kit/rest-double.ts'
import type { RestDouble } from '../../test/kit/rest-double.ts'
import type { DoubleUser } from '../../test/kit/rest-double-state.ts'

/** The members the tests below look at by name. */
interface Answer {
  readonly items: readonly { readonly name: string; readonly username: string; readonly requestId: string }[]
  readonly nextCursor: string
  readonly scope: unknown
  readonly expiresAt: string
  readonly preview: string
  readonly me: { readonly username: string } | null
  readonly endpoint: string
  readonly blocks: readonly ConnectBlock[]
}

let hub: RestDouble
let home: CliHome
let root: DoubleUser

beforeEach(async () => {
  hub = await startRestDouble()
  root = hub.state.addUser('root', 'admin')
  home = new CliHome({ MCPHUB_URL: hub.url, MCPHUB_KEY: hub.state.addKey(root.id, 'root').secret })
})
afterEach(async () => {
  await hub.close()
  home.remove()
})

const run = (line: string, options?: CliOptions): Promise<CliResult> => home.run(line.split(' '), options)
async function ok(line: string, options?: CliOptions): Promise<string> {
  const result = await run(line, options)
  if (result.code !== 0) expect.fail(`${line}: exit ${result.code}\n${result.stderr}`)
  return result.stdout
}
const json = async (line: string, options?: CliOptions): Promise<Answer> =>
  JSON.parse(await ok(`${line} --json`, options)) as Answer

describe('users', () => {
  test('add, list, switch, delete, restore', async () => {
    expect(await json('users add Alice')).toMatchObject({ username: 'alice', role: 'member', active: true })
    expect(await json('users add bob --admin')).toMatchObject({ role: 'admin' })
    expect(await ok('users list')).toMatch(/^USER +ROLE +STATE .*\nroot +admin +active/)
    expect(await json('users deactivate alice')).toMatchObject({ active: false })
    expect(await json('users activate ALICE')).toMatchObject({ active: true })
    expect(await json('users promote alice')).toMatchObject({ role: 'admin' })
    expect(await json('users demote alice')).toMatchObject({ role: 'member' })
    expect(await json('users delete alice')).toEqual({ ok: true })
    expect((await json('users list')).items.map((user) => user.username)).toEqual(['root', 'bob'])
    expect((await json('users list --deleted')).items).toHaveLength(3)
    expect(await json('users restore alice')).toMatchObject({ deletedAt: null })
    expect(await json('users delete alice --hard --yes')).toEqual({ ok: true })
    expect(hub.state.users.map(({ username }) => username)).toEqual(['root', 'bob'])
  })

  test('an unknown name, a taken one, the last administrator', async () => {
    expect(await run('users deactivate nobody')).toMatchObject({ code: EXIT_CODES.notFound, stdout: '' })
    expect((await run('users add root')).code).toBe(EXIT_CODES.conflict)
    expect((await run('users demote root')).code).toBe(EXIT_CODES.conflict)
    const invalid = await run('users add ../etc')
    expect(invalid.code).toBe(EXIT_CODES.invalid)
    expect(invalid.stderr).toMatch(/username: use letters.*\n {2}request id: request-/s)
  })

  test('a member is refused', async () => {
    const member = hub.state.addUser('carol')
    const env = { MCPHUB_KEY: hub.state.addKey(member.id, 'k').secret }
    expect((await run('users list', { env })).code).toBe(EXIT_CODES.forbidden)
  })
})

describe('keys', () => {
  test('the key is alone on stdout, once; lists show its end only', async () => {
    const made = await run('keys create laptop')
    expect(made.stdout).toMatch(/^mcphub_[0-9a-f]{64}\n$/)
    expect(made.stderr).toContain('shown only now')
    const list = await ok('keys list')
    expect(list).toContain('laptop')
    expect(list).not.toContain(made.stdout.trim())
    expect(await json('keys revoke laptop')).toEqual({ ok: true })
    expect((await json('keys list')).items.map(({ name }) => name)).toEqual(['root'])
  })

  test('scope, expiry, and keys of another user', async () => {
    hub.state.addUser('alice')
    const made = await json('keys create ci --user alice --server github --server everything --expires 30d')
    expect(made.scope).toEqual({ servers: ['github', 'everything'], group: null })
    expect(Date.parse(made.expiresAt) - Date.now()).toBeGreaterThan(29 * 86_400_000)
    expect((await json('keys list --user alice')).items).toHaveLength(1)
    expect((await json('keys list')).items).toHaveLength(1)
    expect(await json(`keys revoke ${made.preview.slice(-4)} --user alice`)).toEqual({ ok: true })
    expect((await json('keys list --user alice')).items).toHaveLength(0)
  })

  test('two of one name are told apart by id; nonsense is a usage fault', async () => {
    await ok('keys create twin')
    await ok('keys create twin')
    const both = await run('keys revoke twin')
    expect(both.code).toBe(EXIT_CODES.usage)
    expect(both.stderr).toMatch(/by id: [0-9a-f-]{36}, [0-9a-f-]{36}/)
    expect((await run('keys revoke none')).code).toBe(EXIT_CODES.notFound)
    expect((await run('keys create x --expires soon')).code).toBe(EXIT_CODES.usage)
  })
})

describe('secrets', () => {
  const CANARY = 'ghp_canary0123456789'

  test('come from stdin, are listed masked, and can be unset', async () => {
    expect(await ok('secrets set USER_GITHUB_TOKEN', { stdin: `${CANARY}\n` })).toBe(
      'USER_GITHUB_TOKEN is set, for github.\n',
    )
    expect(hub.state.variables.get(root.id)?.get('USER_GITHUB_TOKEN')?.value).toBe(CANARY)
    const list = await ok('secrets list')
    expect(list).toMatch(/USER_GITHUB_TOKEN +••••••••6789 +github/)
    expect(list).not.toContain(CANARY)
    await ok('secrets unset USER_GITHUB_TOKEN')
    expect(await ok('secrets list')).toMatch(/USER_GITHUB_TOKEN +MISSING +github/)
    expect((await run('secrets unset USER_GITHUB_TOKEN')).code).toBe(EXIT_CODES.notFound)
  })

  test('only the last line break of stdin is left out', async () => {
    await ok('secrets set USER_PEM', { stdin: 'line 1\nline 2\r\n' })
    expect(hub.state.variables.get(root.id)?.get('USER_PEM')?.value).toBe('line 1\nline 2')
  })

  test('the masked text of a list does not overwrite', async () => {
    await ok('secrets set USER_GITHUB_TOKEN', { stdin: CANARY })
    await ok('secrets set USER_GITHUB_TOKEN', { stdin: '••••••••6789' })
    expect(hub.state.variables.get(root.id)?.get('USER_GITHUB_TOKEN')?.value).toBe(CANARY)
  })

  test('SEC-5: a value on the command line, an empty or a bad one is refused without repeating it', async () => {
    for (const [args, stdin, code] of [
      [['secrets', 'set', 'USER_X', CANARY], '', EXIT_CODES.usage],
      [['secrets', 'set', `USER_X=${CANARY}`], '', EXIT_CODES.usage],
      [['secrets', 'set', 'USER_X'], '', EXIT_CODES.usage],
      [['secrets', 'set', 'USER_X'], ` ${CANARY}`, EXIT_CODES.invalid],
      [['secrets', 'set', 'USER_X'], CANARY.repeat(1000), EXIT_CODES.invalid],
      [['secrets', 'set', 'USER_X'], CANARY.repeat(10_000), EXIT_CODES.invalid],
      [['secrets', 'set', 'USER_X'], Buffer.from([0xff, 0xfe, 0x41]), EXIT_CODES.invalid],
      [['secrets', 'set', 'user_x'], CANARY, EXIT_CODES.invalid],
    ] as const) {
      const result = await home.run(args, { stdin })
      expect({ args, code: result.code }).toEqual({ args, code })
      expect(result.stdout + result.stderr).not.toContain(CANARY)
    }
    expect(hub.state.variables.get(root.id)?.size ?? 0).toBe(0)
  })

  test('of the organisation show nothing at all', async () => {
    await ok('secrets set ORG_TOKEN --org', { stdin: CANARY })
    expect((await json('secrets list --org')).items).toMatchObject([
      { name: 'ORG_TOKEN', masked: '••••••••', isSet: true },
    ])
    await ok('secrets unset ORG_TOKEN --org')
    expect((await run('secrets set USER_X --org', { stdin: 'x' })).code).toBe(EXIT_CODES.usage)
  })
})

test('groups: create, change, switch, delete', async () => {
  expect(await json('groups create writing --server github --description mine')).toMatchObject({
    servers: ['github'],
    active: true,
  })
  expect((await run('groups create writing')).code).toBe(EXIT_CODES.conflict)
  expect(await json('groups update writing --add everything --remove github --name reading')).toMatchObject({
    name: 'reading',
    servers: ['everything'],
    description: 'mine',
  })
  expect((await run('groups update reading')).code).toBe(EXIT_CODES.usage)
  expect(await json('groups off reading')).toMatchObject({ active: false })
  expect(await ok('groups on reading')).toBe('reading is on: everything\n')
  expect(await ok('groups list')).toMatch(/reading +on +everything +mine/)
  expect(await json('groups delete reading')).toEqual({ ok: true })
  expect((await run('groups on reading')).code).toBe(EXIT_CODES.notFound)
  expect(await ok('groups company')).toMatch(/writers +on +alice +team=docs +everything/)
})

test('servers: list, all with faults, status, why', async () => {
  const list = await ok('servers list')
  expect(list).toMatch(/everything +Stdio +Ready +2 +Shared/)
  expect(list).toMatch(/github +Remote +MissingVariable .*USER_GITHUB_TOKEN/)
  expect(list).toContain('broken: its package cannot be installed')
  expect(list).toContain('Separation: separated by process only')
  expect(await ok('servers list --all')).toContain('bad.yaml:3: spec.stdio: give a package or an image')
  const status = await ok('servers status everything')
  expect(status).toMatch(/Isolation: +Shared: low risk/)
  expect(status).toContain('everything__echo')
  expect(await json('servers why everything')).toEqual({
    server: 'everything',
    isolation: { mode: 'Shared', reason: 'low risk and no user variables' },
    separation: { kind: 'ProcessOnly', message: 'separated by process only' },
  })
  expect((await run('servers status unknown')).code).toBe(EXIT_CODES.notFound)
})

test('tools, explain', async () => {
  expect(await ok('tools')).toMatch(/everything__echo +everything[^]*github waits for USER_GITHUB_TOKEN/)
  hub.state.addUser('alice')
  expect(await ok('explain everything__echo --user alice')).toBe(
    'everything__echo is visible to alice.\n  ✓ entitlement: access: Everyone\n',
  )
  expect(await json('explain nothing')).toMatchObject({ visible: false, steps: [{ ok: false }] })
})

test('a hostile server name, tool or log cannot drive the terminal', async () => {
  hub.state.servers[0]!.tools[0]!.title = '\u001b]0;owned\u0007\u001b[31mred\u202e'
  hub.state.logs.set('box', 'line 1\n\u001b[2Jline 2\u0007')
  expect(await ok('tools')).not.toMatch(/[^\P{C}\n]/u)
  expect(await ok('sandboxes logs box')).toBe('line 1\nline 2\n')
})

test('sessions and sandboxes: list, logs, end, stop', async () => {
  const [key] = hub.state.keys
  const alice = hub.state.addUser('alice')
  const time = new Date().toISOString()
  const id = '0123456789abcdef01234567'
  hub.state.sessions.push({
    id,
    userId: alice.id,
    username: 'alice',
    keyId: key!.id,
    clientName: 'Cursor',
    clientVersion: '3',
    revision: '2025-11-25',
    endpoint: '/mcp',
    openedAt: time,
    lastSeenAt: time,
    endedAt: null,
  })
  hub.state.sandboxes.push({
    id: 'fs-alice',
    server: 'fs',
    userId: alice.id,
    username: 'alice',
    sessionId: null,
    state: 'Running',
    pid: 1,
    startedAt: time,
    lastActiveAt: time,
    memoryBytes: 3_000_000,
    lastFault: null,
    idleInSeconds: null,
    code: 'running',
    params: {},
    said: [],
  })
  hub.state.logs.set('fs-alice', 'started')
  expect(await ok('sessions list')).toBe('There is no session.\n')
  expect(await ok('sessions list --all')).toMatch(new RegExp(`${id} +alice +Cursor 3 +2025-11-25 +/mcp .* open`))
  expect(await json(`sessions end ${id}`)).toEqual({ ok: true })
  expect((await run('sessions end nonsense')).code).toBe(EXIT_CODES.usage)
  expect(await ok('sandboxes list --all')).toMatch(/fs-alice +fs +alice +Running +3 MiB/)
  expect(await json('sandboxes logs fs-alice')).toEqual({ id: 'fs-alice', text: 'started' })
  expect(await ok('sandboxes stop fs-alice')).toBe('fs-alice is stopped.\n')
  expect((await run('sandboxes logs other')).code).toBe(EXIT_CODES.notFound)
})

describe('activity', () => {
  const record = (n: number, more: object = {}) => ({
    id: String(n),
    at: new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString(),
    requestId: `r${n}`,
    keyId: null,
    sessionId: null,
    kind: 'mcp' as const,
    action: 'tools/call',
    server: 'github',
    target: 'create_issue',
    outcome: 'ok' as const,
    code: null,
    durationMs: 1.4,
    argumentsHash: null,
    via: 'key' as const,
    userId: root.id,
    username: 'root',
    ...more,
  })

  test('pages, filters, others for administrators', async () => {
    for (let n = 0; n < 3; n++)
      hub.state.activity.push(
        record(
          n,
          n === 1 ? { outcome: 'refused', code: 'forbidden', userId: crypto.randomUUID(), username: 'alice' } : {},
        ),
      )
    const first = await json('activity --limit 1')
    expect(first.items.map(({ requestId }) => requestId)).toEqual(['r2'])
    expect((await json(`activity --limit 1 --cursor ${first.nextCursor}`)).items).toMatchObject([{ requestId: 'r0' }])
    expect((await json('activity --all')).items).toHaveLength(3)
    expect(await ok('activity --user alice')).toMatch(/alice +tools\/call +github +create_issue +refused \(forbidden\)/)
    expect(await ok('activity --limit 1')).toMatch(/TIME +ACTION +SERVER/)
    expect((await run('activity --limit 1000')).code).toBe(EXIT_CODES.usage)
    expect((await run('activity --outcome maybe')).code).toBe(EXIT_CODES.invalid)
  })

  test('--follow shows each record once, as it comes', async () => {
    hub.state.activity.push(record(1))
    const child = home.spawn(['activity', '--follow', '--json'])
    let out = ''
    const lines = (): string[] => out.split('\n').filter(Boolean)
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    try {
      await expect.poll(lines, { timeout: 20_000 }).toHaveLength(1)
      hub.state.activity.push(record(1, { id: 'same-time' }), record(2))
      await expect.poll(lines, { timeout: 20_000 }).toHaveLength(3)
      // written late by the hub, though older
      hub.state.activity.splice(1, 0, record(1, { id: 'late' }))
      await expect.poll(lines, { timeout: 20_000 }).toHaveLength(4)
      const polls = hub.seen.length
      await expect.poll(() => hub.seen.length, { timeout: 20_000 }).toBeGreaterThan(polls + 1)
      expect(lines().map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['1', 'same-time', '2', 'late'])
    } finally {
      child.kill('SIGKILL')
    }
  })
})

describe('the way in', () => {
  const blank = { MCPHUB_KEY: '', MCPHUB_URL: '' }

  test('setup redeems the link, keeps the key 0600, and works from then on without options', async () => {
    const link = `${hub.url}/setup#token=setup-token-0123456789`
    const done = await home.run(['setup', link, '--username', 'Chief'], { env: blank })
    expect(done.code).toBe(0)
    expect(done.stdout).toMatch(/^mcphub_[0-9a-f]{64}\n$/)
    expect(statSync(home.credentialsFile).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(home.credentialsFile, 'utf8'))).toEqual({ url: hub.url, key: done.stdout.trim() })
    expect(await json('status', { env: blank })).toMatchObject({
      url: hub.url,
      me: { username: 'chief', role: 'admin' },
      keySource: home.credentialsFile,
    })
    expect((await home.run(['setup', link], { env: blank })).code).toBe(EXIT_CODES.forbidden)
    expect((await home.run(['setup', 'nonsense'], { env: blank })).code).toBe(EXIT_CODES.usage)
    expect(await json('logout')).toEqual({ ok: true, removed: true })
    expect((await json('status', { env: { MCPHUB_KEY: '' } })).me).toBeNull()
  })

  test('login checks the key before it keeps it', async () => {
    const { secret } = hub.state.keys[0]!
    const args = ['login', '--url', hub.url]
    expect((await home.run(args, { stdin: `mcphub_${'0'.repeat(64)}`, env: blank })).code).toBe(
      EXIT_CODES.unauthenticated,
    )
    expect((await home.run(args, { stdin: 'not a key', env: blank })).code).toBe(EXIT_CODES.usage)
    expect((await home.run(args, { stdin: `${secret}\n`, env: blank })).stdout).toBe(
      `You are root (admin) at ${hub.url}.\n`,
    )
    expect((await json('status', { env: blank })).me?.username).toBe('root')
  })

  test('connect prints a block for each editor, with this key or a new one', async () => {
    const { endpoint, blocks } = await json('connect')
    expect(endpoint).toBe(`${hub.url}/mcp`)
    expect(blocks.map(({ editor }) => editor)).toEqual(['cursor', 'claude-code', 'vscode', 'claude-desktop'])
    expect(JSON.parse(blocks[0]!.text).mcpServers['mcp-hub'].url).toBe(
      `${hub.url}/mcp?key=${hub.state.keys[0]!.secret}`,
    )
    const one = await ok('connect --editor vscode --server github --new-key editor')
    expect(one).toContain(`"url": "${hub.url}/mcp/github"`)
    expect(one).toContain(hub.state.keys.find(({ name }) => name === 'editor')!.secret)
    // what is wrong is said before a key is made
    const before = hub.state.keys.length
    expect((await run('connect --editor emacs --new-key never')).code).toBe(EXIT_CODES.usage)
    expect(await run('connect --server nope --new-key never')).toMatchObject({
      code: EXIT_CODES.notFound,
      stderr: expect.stringContaining('mcphub servers list'),
    })
    expect(hub.state.keys).toHaveLength(before)
    expect((await run('connect --group nope')).stderr).toContain('You have no group "nope"')
    expect((await run('connect --group a --server b')).code).toBe(EXIT_CODES.usage)
  })

  test('key-ring rotate', async () => {
    await ok('secrets set USER_X', { stdin: 'value' })
    expect(await ok('key-ring rotate')).toBe('1 values are sealed under the new key key-2.\n')
  })
})
