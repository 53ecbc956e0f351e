// The command line against the real hub: every read command, the administration of a user, and doctor.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CliHome } from '../kit/cli.ts'
import type { CliOptions } from '../kit/cli.ts'
import { startHub } from '../kit/hub.ts'
import type { TestHub } from '../kit/hub.ts'

const MANIFEST = `apiVersion: mcphub.io/v1alpha1
kind: McpServer
metadata: { name: notes }
spec:
  type: Remote
  access: Everyone
  remote:
    url: http://127.0.0.1:9/mcp
    headers: [{ name: Authorization, value: 'Bearer \${USER_NOTES_TOKEN}' }]
`

let hub: TestHub
let home: CliHome

beforeAll(async () => {
  hub = await startHub({ manifests: { 'notes.yaml': MANIFEST, 'bad.yaml': 'kind: McpServer\n' } })
  home = new CliHome({ MCPHUB_URL: hub.url, MCPHUB_KEY: hub.adminKey })
})
afterAll(async () => {
  await hub?.stop()
  home?.remove()
})

async function json<T>(line: string, options?: CliOptions): Promise<T> {
  const { code, stdout, stderr } = await home.run([...line.split(' '), '--json'], options)
  if (code !== 0) expect.fail(`${line}: exit ${code}\n${stderr}`)
  return JSON.parse(stdout) as T
}

test.each([
  'status',
  'users list',
  'keys list',
  'secrets list',
  'secrets list --org',
  'groups list',
  'groups company',
  'servers list',
  'servers list --all',
  'servers status notes',
  'servers why notes',
  'tools',
  'explain notes',
  'sessions list',
  'sessions list --all',
  'sandboxes list',
  'sandboxes list --all',
  'activity',
  'activity --all --kind admin',
  'connect',
])('%s', async (line) => void (await json(line)))

test('doctor finds the broken manifest and nothing worse on this side', async () => {
  const { stdout } = await home.run(['doctor', '--json'])
  const { items } = JSON.parse(stdout) as { items: { id: string; ok: boolean; side: string }[] }
  expect(items.filter(({ ok, side }) => !ok && side === 'client').map(({ id }) => id)).toEqual(['variables'])
  expect(items.filter(({ side }) => side === 'hub').length).toBeGreaterThan(4)
})

test('a user comes, gets a key, sets a variable, turns a group off, and goes', async () => {
  await json('users add alice')
  const { key } = await json<{ key: string }>('keys create laptop --user alice')
  const env = { MCPHUB_KEY: key }
  const missing = async (): Promise<string[]> =>
    (await json<{ missingVariables: string[] }>('servers status notes', { env })).missingVariables
  expect(await missing()).toEqual(['USER_NOTES_TOKEN'])
  await json('secrets set USER_NOTES_TOKEN', { env, stdin: 'token-0123456789' })
  expect(await missing()).toEqual([])
  expect(await json('secrets list', { env })).toMatchObject({ items: [{ masked: '••••••••6789', isSet: true }] })
  await json('groups create mine --server notes', { env })
  await json('groups off mine', { env })
  await expect.poll(() => json('explain notes --user alice'), { timeout: 10_000 }).toMatchObject({ visible: false })
  expect((await home.run(['tools'], { env })).stdout).toContain('mcphub groups on mine')
  await json('groups on mine', { env })
  expect((await home.run(['users', 'list'], { env })).code).toBe(4)
  await json('users deactivate alice')
  await expect.poll(async () => (await home.run(['status'], { env })).code, { timeout: 15_000 }).toBe(3)
  await json('users delete alice')
  await json('users restore alice')
  await json('users delete alice --hard')
  expect((await home.run(['users', 'restore', 'alice'])).code).toBe(5)
})
